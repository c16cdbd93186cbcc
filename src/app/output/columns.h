// Columns of text for a terminal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace netscope {

// The text, filled up with blanks to `width` bytes; one that is longer stays whole.
inline std::string left(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size()), ' ');
  return out;
}

inline std::string right(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + std::string(text);
}

// What travels the network may hold anything, bytes that move a terminal's cursor among them: '?' in place of controls,
// and of what is not ASCII unless it may stay.
enum class NotAscii : bool { stays, replaced };
inline std::string printable(std::string_view text, NotAscii beyond = NotAscii::stays) {
  std::string out(text);
  std::ranges::replace_if(
      out,
      [beyond](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (byte > 0x7f && beyond == NotAscii::replaced);
      },
      '?');
  return out;
}

}  // namespace netscope
