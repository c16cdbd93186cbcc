// Names as DNS messages carry them, for the parsers of questions and of answers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::dns {

inline constexpr std::size_t kHeaderLength = 12;
inline constexpr std::size_t kMaxWireName = 255;  // RFC 1035, section 3.1

// A name in text form while its labels come in; each byte takes at most the four characters of \DDD.
class NameText {
 public:
  void add_label(Bytes label) {
    if (size_ > 0) text_[size_++] = '.';
    for (const char c : as_text(label)) add(c);
  }
  std::string_view view() const { return size_ == 0 ? std::string_view(".") : std::string_view(text_.data(), size_); }

 private:
  void add(char c) {
    if (c > ' ' && c <= '~' && c != '.' && c != '\\') {
      text_[size_++] = c;
      return;
    }
    const auto value = static_cast<unsigned char>(c);
    text_[size_++] = '\\';
    text_[size_++] = static_cast<char>('0' + value / 100);
    text_[size_++] = static_cast<char>('0' + value / 10 % 10);
    text_[size_++] = static_cast<char>('0' + value % 10);
  }

  std::array<char, kMaxWireName * 4> text_;
  std::size_t size_ = 0;
};

// Reads a name at the reader's position, which moves behind it. `message` is what has arrived of the message that
// pointers count from. ok, need_more or malformed.
ParseStatus read_name(Bytes message, Reader& reader, NameText& text);

}  // namespace netscope::dns
