// What the characters of HTTP are (RFC 9110, section 5.6), for the files that read it.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/base/text.h"

namespace netscope::http {

// A longer method ends no request line that a server takes by default.
inline constexpr std::size_t kMaxMethod = 8192;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
// RFC 9110, section 5.6.2.
constexpr bool is_token(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
// No text line holds one; bytes above 0x7f do occur in targets.
constexpr bool is_control(char c) {
  return (c >= 0 && c < ' ' && !is_blank(c)) || c == 0x7f;
}
inline bool is_fold(std::string_view text) {
  return text.starts_with(' ') || text.starts_with('\t');
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace netscope::http
