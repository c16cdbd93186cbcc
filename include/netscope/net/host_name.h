// Host names as the wire and people write them, in the one form that the rules compare.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "netscope/base/result.h"

namespace netscope {

// Text form of the longest DNS name (RFC 1035, section 3.1: 255 octets on the wire).
inline constexpr std::size_t kMaxHostName = 253;

// A host name in the form in which names are compared, held in place (nothing is allocated): lower case, without a
// trailing dot, a port or the brackets of an IPv6 literal. Always printable ASCII: every other byte is written \DDD,
// its decimal value (RFC 4343, section 2.1). What is longer than kMaxHostName then keeps the last labels that fit, so
// that a long prefix does not carry a name past a rule on its domain.
class HostName {
 public:
  // Empty. A defaulted one would clear the text's place wherever a name is made with {}.
  HostName() {}  // NOLINT(modernize-use-equals-default)
  // From an SNI, a Host header or an authority ("User@Example.COM.:443" gives "example.com"). Empty when nothing is
  // left.
  static HostName from_authority(std::string_view text);
  // From a DNS name in text form without a port, dots and backslashes inside a label escaped already. The root is ".".
  static HostName from_dns(std::string_view text);

  std::string_view view() const { return {text_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  static HostName compared_form(std::string_view text);

  std::array<char, kMaxHostName> text_;
  std::uint8_t size_ = 0;
};

// Whether `name` is the domain or lies below it, on label boundaries. Both are in the compared form.
constexpr bool is_or_below(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

// A domain as a person writes it in a rule or a list ("Example.COM.", "münchen.example") in the compared form: lower
// case, no trailing dot, each label 1 to 63 bytes, international labels as A-labels (RFC 5891, RFC 3492). Upper case is
// folded for the Latin, Greek, Cyrillic and Armenian scripts; letters must be precomposed (Unicode NFC).
// The error says what is wrong with it.
Result<std::string> normalize_domain(std::string_view written);

}  // namespace netscope
