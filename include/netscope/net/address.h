// Internet addresses and prefixes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/result.h"

namespace netscope {

enum class IpVersion : std::uint8_t { none = 0, v4 = 4, v6 = 6 };

// An IPv4 or IPv6 address. IPv4 takes the first four of the sixteen bytes; the rest is zero, so that equality, order
// and hashing need no case distinction.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  IpVersion version = IpVersion::none;

  static IpAddress v4(std::uint32_t host_order);
  // `bytes` must hold 4 or 16 bytes; anything else gives the empty address.
  [[gnu::always_inline]] static IpAddress from_bytes(Bytes bytes) {
    IpAddress address;
    if (bytes.size() == 4) {
      // Written as a whole: parts that are written one by one stall who reads all sixteen soon after.
      using Words [[gnu::vector_size(16)]] = std::uint32_t;
      std::array<std::uint8_t, 4> word{};
      std::copy_n(bytes.begin(), 4, word.begin());
      address.bytes = std::bit_cast<decltype(address.bytes)>(Words{std::bit_cast<std::uint32_t>(word)});
      address.version = IpVersion::v4;
    } else if (bytes.size() == 16) {
      std::copy_n(bytes.begin(), 16, address.bytes.begin());
      address.version = IpVersion::v6;
    }
    return address;
  }
  // Dotted IPv4 or RFC 4291 text; no port, no zone, no brackets.
  static Result<IpAddress> parse(std::string_view text);

  // Length in bits: 32, 128 or 0.
  unsigned bit_count() const;
  auto operator<=>(const IpAddress&) const = default;
};

// RFC 5952 form for IPv6.
std::string to_string(const IpAddress& address);

// Who sent a packet over its last link: an address of six bytes (IEEE 802, EUI-48). All zeros: not known.
struct LinkAddress {
  std::array<std::uint8_t, 6> bytes{};

  bool known() const { return *this != LinkAddress{}; }
  auto operator<=>(const LinkAddress&) const = default;
};

// An address prefix; bits behind `length` are zero.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  // "10.0.0.0/8", or an address alone for a host prefix. Host bits that are set are an error which names the right
  // prefix.
  static Result<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& other) const;
  auto operator<=>(const IpPrefix&) const = default;
};

std::string to_string(const IpPrefix& prefix);

}  // namespace netscope
