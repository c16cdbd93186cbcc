#include "core/regex/language.h"

#include <cstdint>

#include "core/regex/regex.h"

namespace netscope {
namespace {

constexpr std::size_t kMaxDepth = 60;  // of groups

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Each step takes one part of the pattern, and answers why it is refused.
class Check {
 public:
  explicit Check(std::string_view pattern) : pattern_(pattern) {}

  const char* all() {
    if (pattern_.empty()) return "there is nothing between its slashes";
    if (pattern_.size() > kMaxRegexSize) return "it has more than 256 bytes";
    const char* why = nullptr;
    while (why == nullptr && at_ < pattern_.size()) why = part();
    return why;
  }

 private:
  char ahead(std::size_t by = 0) const { return at_ + by < pattern_.size() ? pattern_[at_ + by] : '\0'; }

  const char* part() {
    const char c = pattern_[at_++];
    const bool repeated_varies = atom_varies_;
    atom_varies_ = false;
    switch (c) {
      case '\\': return escape(false);
      case '[': return character_class();
      case '(':
        if (ahead() == '?' && ahead(1) != ':') return "behind (? only : is understood";
        if (ahead() == '?') at_ += 2;
        varies_ <<= 1;
        return ++depth_ > kMaxDepth ? "it has more than 60 groups within each other" : nullptr;
      case ')':
        if (depth_-- == 0) return "nothing opened its )";
        atom_varies_ = (varies_ & 1) != 0;
        varies_ = (varies_ >> 1) | (varies_ & 1);
        return nullptr;
      case '|':
      case '?': varies_ |= 1; return nullptr;
      case '{':
        if (!count()) return nullptr;  // a brace
        if (too_many_) return "it repeats something more than 255 times";
        [[fallthrough]];
      case '*':
      case '+':
        if (repeated_varies) return "a group is repeated that repeats or chooses itself: ask for its parts instead";
        if (++repetitions_ > kMaxRegexRepetitions) return "it has more than 4 repetitions: join two by \"and\"";
        varies_ |= 1;
        if (ahead() == '?') ++at_;  // as few as possible
        return nullptr;
      default: return static_cast<unsigned char>(c) < ' ' ? "it holds a control character" : nullptr;
    }
  }

  // Behind a backslash. Where nothing is, the engine refuses it.
  const char* escape(bool within_class) {
    const char c = ahead();
    if (c != '\0') ++at_;
    if (c == 'x') {
      if (!is_hex(ahead()) || !is_hex(ahead(1))) return "two hexadecimal digits follow \\x";
      at_ += 2;
      return nullptr;
    }
    if (is_digit(c)) return "it refers back to a group, which cannot be asked for";
    const std::string_view known = within_class ? "dDwWsStnrfv" : "dDwWsStnrfvbB";
    return is_letter(c) && !known.contains(c) ? "a backslash and this letter are not understood" : nullptr;
  }

  // Behind its bracket.
  const char* character_class() {
    if (ahead() == '^') ++at_;
    if (ahead() == ']') return "a class is empty: write \\] for the bracket itself";
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_++];
      if (c == ']') return nullptr;
      if (c == '[') return "a [ within a class is written \\[";
      if (const char* why = c == '\\' ? escape(true) : nullptr) return why;
    }
    return nullptr;  // never closed, as the engine says
  }

  // Behind a brace: takes what is left of {n}, {n,} or {n,m}; false, and nothing is taken, where it is none.
  bool count() {
    std::size_t end = at_;
    too_many_ = false;
    const auto number = [&] {
      const std::size_t begin = end;
      std::size_t value = 0;
      for (; end < pattern_.size() && is_digit(pattern_[end]); ++end) {
        value = value * 10 + static_cast<std::size_t>(pattern_[end] - '0');
        if (value > kMaxRegexRepeat) too_many_ = true, value = kMaxRegexRepeat;
      }
      return end > begin;
    };
    const auto takes = [&](char c) {
      const bool is_next = end < pattern_.size() && pattern_[end] == c;
      end += is_next ? 1 : 0;
      return is_next;
    };
    if (!number()) return false;
    if (takes(',')) number();
    if (!takes('}')) return false;
    at_ = end;
    return true;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::uint64_t varies_ = 0;  // a bit a group: whether there is more than one way through it; the innermost is bit 0
  std::size_t depth_ = 0;
  bool atom_varies_ = false;  // of what stands before
  bool too_many_ = false;
  std::size_t repetitions_ = 0;
};

}  // namespace

const char* refuse_regex_language(std::string_view pattern) {
  return Check(pattern).all();
}

}  // namespace netscope
