// Regular expressions, by an engine that the build chooses: RE2 natively, the browser's own in the page.
//
// The language is what both understand alike: letters, classes, groups, alternatives, ^ $ \b \d \w \s, and * + ? {n,m}.
// Nothing looks ahead or refers back. The browser's engine goes back and forth over a text, so that a pattern could
// take it for ever: repetitions are few, and what is repeated neither repeats nor chooses itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "netscope/base/result.h"

namespace netscope {

inline constexpr std::size_t kMaxRegexSize = 256;       // bytes of a pattern
inline constexpr std::size_t kMaxRegexRepeat = 255;     // the largest n and m of {n,m}
inline constexpr std::size_t kMaxRegexRepetitions = 4;  // of * + {n,m} in one pattern

class Regex {
 public:
  // What is wrong with a pattern is told without a place: it is short.
  static Result<Regex> compile(std::string_view pattern);
  // Whether the pattern matches anywhere in `text` (UTF-8); letters' case does not count.
  bool found_in(std::string_view text) const;

 private:
  struct Program;  // the engine's own
  struct Free {
    void operator()(const Program* program) const;
  };
  explicit Regex(const Program* program) : program_(program) {}
  std::unique_ptr<const Program, Free> program_;
};

}  // namespace netscope
