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

// Pointers that are followed in one message. The most patient servers follow 256 in a name (Unbound), and the names of
// a long answer need a few each.
inline constexpr int kMaxPointers = 1024;

// What the names of one message share.
struct Names {
  Reader message;    // stands at the beginning, from which pointers count
  int pointers = 0;  // that were followed
};

// Reads a name at the reader's position, which moves behind it. Pointers may lead anywhere within the message, forward
// and into its header too: RFC 1035 speaks of a prior occurrence (section 4.1.4), but many servers follow any. ok,
// need_more or malformed.
ParseStatus read_name(Names& names, Reader& reader, NameText& text);

}  // namespace netscope::dns
