// Addresses and prefixes as text. IPv4 is read strictly: "010.0.0.1" is refused, since one program reads it as octal
// and the next as decimal, and a firewall must not be one of two opinions.
#include "netscope/net/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace netscope {
namespace {

constexpr std::size_t kLongestAddressText = 45;  // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
constexpr std::size_t kGroups = 8;               // 16-bit groups of an IPv6 address

// Up to `max_digits` decimal digits that are all of `text`, without a leading zero; at most `max`.
std::optional<unsigned> parse_decimal(std::string_view text, std::size_t max_digits, unsigned max) {
  if (text.empty() || text.size() > max_digits || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> parse_dotted(std::string_view text) {
  std::uint32_t value = 0;
  for (int octet = 0; octet < 4; ++octet) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (octet == 3)) return std::nullopt;
    const std::optional<unsigned> number = parse_decimal(text.substr(0, dot), 3, 255);
    if (!number) return std::nullopt;
    value = value << 8 | *number;
    if (octet < 3) text.remove_prefix(dot + 1);
  }
  return value;
}

using Groups = std::array<std::uint16_t, kGroups>;

struct GroupRun {
  Groups groups{};
  std::size_t count = 0;

  bool append(std::uint32_t group) {
    if (count == kGroups) return false;
    groups[count++] = static_cast<std::uint16_t>(group);
    return true;
  }
};

// Groups between single colons; the very last one of an address may be dotted IPv4 (RFC 4291, section 2.2, 3).
std::optional<GroupRun> parse_groups(std::string_view text, std::size_t address_end) {
  GroupRun run;
  if (text.empty()) return run;
  while (true) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    if (std::ranges::find(group, '.') != group.end()) {
      const std::optional<std::uint32_t> dotted = parse_dotted(group);
      if (address_end != 0 || colon != text.size() || !dotted) return std::nullopt;
      if (!run.append(*dotted >> 16) || !run.append(*dotted & 0xffff)) return std::nullopt;
      return run;
    }
    std::uint32_t value = 0;
    if (group.empty() || group.size() > 4) return std::nullopt;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (error != std::errc{} || end != group.data() + group.size() || !run.append(value)) return std::nullopt;
    if (colon == text.size()) return run;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const std::string_view behind = has_gap ? text.substr(gap + 2) : std::string_view{};
  const std::optional<GroupRun> head = parse_groups(text.substr(0, gap), has_gap ? behind.size() + 2 : 0);
  const std::optional<GroupRun> tail = parse_groups(behind, 0);
  if (!head || !tail) return std::nullopt;
  const std::size_t count = head->count + tail->count;
  if (has_gap ? count > kGroups - 1 : count != kGroups) return std::nullopt;

  Groups groups = head->groups;
  std::copy_n(tail->groups.begin(), tail->count, groups.end() - static_cast<std::ptrdiff_t>(tail->count));
  IpAddress address{.version = IpVersion::v6};
  for (std::size_t i = 0; i < kGroups; ++i) {
    address.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    address.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  return address;
}

std::string dotted(const std::uint8_t* bytes) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
  return text;
}

// The run of zero groups that "::" replaces: the longest, the first of equals, never one alone (RFC 5952, section 4.2).
struct ZeroRun {
  std::size_t begin = kGroups;
  std::size_t size = 0;
};

ZeroRun longest_zero_run(const Groups& groups) {
  ZeroRun best;
  for (std::size_t i = 0; i < kGroups;) {
    std::size_t end = i;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - i > best.size && end - i > 1) best = {.begin = i, .size = end - i};
    i = end + 1;
  }
  return best;
}

std::string v6_text(const IpAddress& address) {
  Groups groups;
  for (std::size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<std::uint16_t>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
  }
  const bool v4_mapped = groups[5] == 0xffff && std::all_of(groups.begin(), groups.begin() + 5,
                                                            [](std::uint16_t group) { return group == 0; });
  if (v4_mapped) return "::ffff:" + dotted(&address.bytes[12]);
  const ZeroRun zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t i = 0; i < kGroups;) {
    if (i == zeros.begin) {
      text += "::";
      i += zeros.size;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16).ptr;
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

// The first `length` bits of `address`; the rest zero.
IpAddress masked(IpAddress address, unsigned length) {
  for (unsigned i = 0; i < address.bytes.size(); ++i) {
    const unsigned kept = length > 8 * i ? std::min(8u, length - 8 * i) : 0;
    address.bytes[i] &= static_cast<std::uint8_t>(0xff00u >> kept);
  }
  return address;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address{.version = IpVersion::v4};
  for (unsigned i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() <= kLongestAddressText) {
    if (text.find(':') != std::string_view::npos) {
      if (const std::optional<IpAddress> address = parse_v6(text)) return *address;
    } else if (const std::optional<std::uint32_t> value = parse_dotted(text)) {
      return v4(*value);
    }
  }
  return failure("\"" + std::string(text.substr(0, kLongestAddressText)) + "\" is not an IPv4 or IPv6 address");
}

unsigned IpAddress::bit_count() const {
  switch (version) {
    case IpVersion::none: return 0;
    case IpVersion::v4: return 32;
    case IpVersion::v6: return 128;
  }
  return 0;
}

std::string to_string(const IpAddress& address) {
  switch (address.version) {
    case IpVersion::none: return "none";
    case IpVersion::v4: return dotted(address.bytes.data());
    case IpVersion::v6: return v6_text(address);
  }
  return "none";
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Result<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  const unsigned bits = address->bit_count();
  if (slash == std::string_view::npos) return IpPrefix{.address = *address, .length = static_cast<std::uint8_t>(bits)};

  const std::string_view written = text.substr(slash + 1);
  const std::optional<unsigned> length = parse_decimal(written, 3, bits);
  if (!length) {
    return failure("\"" + std::string(written.substr(0, 16)) + "\" is not a prefix length of 0 to " +
                   std::to_string(bits));
  }
  const IpPrefix prefix{.address = masked(*address, *length), .length = static_cast<std::uint8_t>(*length)};
  if (prefix.address != *address) {
    return failure("\"" + std::string(text) + "\" has bits set behind its length; the prefix is \"" +
                   to_string(prefix) + "\"");
  }
  return prefix;
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.version == address.version && masked(other, length) == address;
}

std::string to_string(const IpPrefix& prefix) {
  return to_string(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace netscope
