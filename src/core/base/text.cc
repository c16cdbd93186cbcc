#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace netscope {
namespace {

constexpr std::size_t kMaxQuoted = 80;  // bytes

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// Whether a control character begins at `at`: those of ASCII, and U+0080 to U+009F, which are C2 80 to C2 9F in UTF-8.
bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == 0xc2) return at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
  return byte < 0x20 || byte == 0x7f;
}

// What a name must not hold besides.
constexpr std::array<std::string_view, 14> kInvisible{
    "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b",
    "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
};

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char byte) { return to_lower(byte); });
  return lower;
}

std::string in_quotes(std::string_view text) {
  std::string_view shown = text;
  if (shown.size() > kMaxQuoted) {
    std::size_t end = kMaxQuoted;
    while (end > 0 && is_continuation(text[end])) --end;
    shown = text.substr(0, end);
  }
  std::string result = "\"";
  for (std::size_t i = 0; i < shown.size(); ++i) result += is_control(shown, i) ? '?' : shown[i];
  return result + (shown.size() < text.size() ? "...\"" : "\"");
}

bool is_printable_name(std::string_view text, std::size_t max) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_control(text, i)) return false;
    if (!is_continuation(text[i])) ++characters;
  }
  const auto is_inside = [&](std::string_view invisible) { return text.find(invisible) != std::string_view::npos; };
  return characters >= 1 && characters <= max && std::none_of(kInvisible.begin(), kInvisible.end(), is_inside);
}

}  // namespace netscope
