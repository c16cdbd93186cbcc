#include "core/policy/rule_conditions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/dpi/ja4.h"
#include "core/policy/rule_words.h"

namespace netscope {
namespace {

using enum KnownKey::Support;
constexpr std::array<KnownKey, 14> kRuleKeys{{{"name"},
                                              {"action"},
                                              {"app"},
                                              {"category"},
                                              {"domain"},
                                              {"ip"},
                                              {"src"},
                                              {"dst"},
                                              {"port"},
                                              {"proto"},
                                              {"ja4"},
                                              {"by"},
                                              {"list", later},
                                              {"schedule", later}}};

constexpr std::array<std::string_view, 3> kTransports{"tcp", "udp", "icmp"};
// Refused in other words than what is misspelt, until they are recognized.
constexpr std::array<std::string_view, 2> kLaterProtocols{"ntp", "rtp"};

// "00:11:22:33:44:55", which an IPv6 address never looks like.
bool is_mac_address(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : text[i] == ':' || text[i] == '-') return false;
  }
  return true;
}

void read_apps(const TomlValue& table, const Catalogue& catalogue, Rule& rule, FileErrors& errors) {
  for (const TomlValue* value : strings_of(table, "app", errors)) {
    if (errors.full()) return;
    if (const std::optional<AppId> app = catalogue.named(value->text)) {
      rule.apps.push_back(catalogue.apps()[*app].name);
    } else {
      errors.add(*value, unknown_app(value->text, catalogue));
    }
  }
  for (const TomlValue* value : strings_of(table, "category", errors)) {
    if (errors.full()) return;
    if (const std::optional<CategoryId> category = catalogue.category_named(value->text)) {
      rule.categories.push_back(catalogue.categories()[*category]);
    } else {
      errors.add(*value, unknown_category(value->text, catalogue));
    }
  }
}

void read_domains(const TomlValue& table, Rule& rule, FileErrors& errors) {
  for (const TomlValue* value : strings_of(table, "domain", errors)) {
    Result<DomainPattern> pattern = DomainPattern::parse(value->text);
    if (pattern) {
      rule.domains.push_back(std::move(*pattern));
    } else {
      errors.add(*value, std::move(pattern.error().message));
    }
  }
}

void read_prefixes(const TomlValue& table, std::string_view key, std::vector<IpPrefix>& prefixes, FileErrors& errors) {
  for (const TomlValue* value : strings_of(table, key, errors)) {
    if (is_mac_address(value->text)) {
      errors.add(*value, in_quotes(value->text) +
                             " is a MAC address, which is not supported yet; it comes with a later version");
      continue;
    }
    Result<IpPrefix> prefix = IpPrefix::parse(value->text);
    if (prefix) {
      prefixes.push_back(*prefix);
    } else {
      errors.add(*value, std::move(prefix.error().message));
    }
  }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// "443" or "8000-8100".
std::optional<PortRange> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<std::uint16_t> first = parse_port(text.substr(0, dash));
  const std::optional<std::uint16_t> last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{.first = *first, .last = *last};
}

void read_ports(const TomlValue& table, Rule& rule, FileErrors& errors) {
  for (const TomlValue& value : list_of(table, "port", errors)) {
    const bool is_integer = value.kind == TomlValue::Kind::integer;
    if (!is_integer && !expect_kind(value, TomlValue::Kind::string, errors)) continue;
    const std::string written = is_integer ? std::to_string(value.integer) : value.text;
    if (const std::optional<PortRange> range = parse_ports(written)) {
      rule.ports.push_back(*range);
    } else {
      errors.add(value, in_quotes(written) + " is neither a port of 1 to 65535 nor a range such as \"8000-8100\"");
    }
  }
}

std::optional<ProtocolCondition> parse_protocol(std::string_view name) {
  if (name == "tcp") return ProtocolCondition{.ip_protocol = kIpProtocolTcp};
  if (name == "udp") return ProtocolCondition{.ip_protocol = kIpProtocolUdp};
  if (name == "icmp") return ProtocolCondition{.ip_protocol = kIpProtocolIcmp};
  if (const std::optional<Protocol> protocol = protocol_named(name)) return ProtocolCondition{.protocol = *protocol};
  return std::nullopt;
}

void read_protocols(const TomlValue& table, Rule& rule, FileErrors& errors) {
  for (const TomlValue* value : strings_of(table, "proto", errors)) {
    const std::string name = to_lower(value->text);
    if (const std::optional<ProtocolCondition> protocol = parse_protocol(name)) {
      rule.protocols.push_back(*protocol);
    } else if (std::find(kLaterProtocols.begin(), kLaterProtocols.end(), name) != kLaterProtocols.end()) {
      errors.add(*value, not_supported_yet(value->text));
    } else {
      std::vector<std::string_view> words(kTransports.begin(), kTransports.end());
      for (std::size_t i = 1; i < kProtocolCount; ++i) words.push_back(to_string(static_cast<Protocol>(i)));
      errors.add(*value, unknown_word("protocol", value->text, words));
    }
  }
}

void read_fingerprints(const TomlValue& table, Rule& rule, FileErrors& errors) {
  for (const TomlValue* value : strings_of(table, "ja4", errors)) {
    Result<std::string> pattern = tls::parse_ja4_pattern(value->text);
    if (pattern) {
      rule.ja4.push_back(std::move(*pattern));
    } else {
      errors.add(*value, std::move(pattern.error().message));
    }
  }
}

std::optional<NameSource> source_named(std::string_view name) {
  for (std::size_t i = 0; i < kNameSourceCount; ++i) {
    if (to_string(static_cast<NameSource>(i)) == name) return static_cast<NameSource>(i);
  }
  return std::nullopt;
}

// Which names the rule holds for: of use only where it asks for one, and a name from DNS only to block.
void read_sources(const TomlValue& table, Rule& rule, FileErrors& errors) {
  const TomlValue* by = table.find("by");
  if (by == nullptr) return;
  if (table.find("domain") == nullptr && table.find("app") == nullptr && table.find("category") == nullptr) {
    return errors.add_at_key(
        *by, "\"by\" says which names count, but the rule asks for none: add a domain, app or category");
  }
  for (const TomlValue* value : strings_of(table, "by", errors)) {
    const std::optional<NameSource> source = source_named(to_lower(value->text));
    if (!source) {
      std::vector<std::string_view> words;
      words.reserve(kNameSourceCount);
      for (std::size_t i = 0; i < kNameSourceCount; ++i) words.push_back(to_string(static_cast<NameSource>(i)));
      errors.add(*value, unknown_word("source of names", value->text, words));
    } else if (*source == NameSource::dns && rule.action == RuleAction::accept) {
      errors.add(
          *value,
          "a name from a DNS answer cannot accept: whoever asks a resolver of his own could name any address so; "
          "accept by \"dst\", or leave \"dns\" out");
    } else {
      rule.sources.push_back(*source);
    }
  }
}

}  // namespace

std::span<const KnownKey> rule_keys() {
  return kRuleKeys;
}

void read_conditions(const TomlValue& table, const Catalogue& catalogue, Rule& rule, FileErrors& errors) {
  read_apps(table, catalogue, rule, errors);
  read_domains(table, rule, errors);
  read_prefixes(table, "ip", rule.either, errors);
  read_prefixes(table, "src", rule.src, errors);
  read_prefixes(table, "dst", rule.dst, errors);
  read_ports(table, rule, errors);
  read_protocols(table, rule, errors);
  read_fingerprints(table, rule, errors);
  read_sources(table, rule, errors);
}

}  // namespace netscope
