// The port's side in the browser: its own RegExp, asked through two functions that the page brings along.

#include "core/regex/regex.h"

#include <array>
#include <string>

#include "core/regex/language.h"

namespace netscope {
namespace {

extern "C" {
// Why the pattern is none, as at most `room` bytes of UTF-8 in `why`; the answer is their number, and 0 where it is
// one.
[[clang::import_module("netscope_regex"), clang::import_name("refusal")]] std::size_t netscope_regex_refusal(
    const char* pattern, std::size_t size, char* why, std::size_t room);
// Whether the pattern, which was not refused, is found.
[[clang::import_module("netscope_regex"), clang::import_name("found")]] int netscope_regex_found(const char* pattern,
                                                                                                 std::size_t size,
                                                                                                 const char* text,
                                                                                                 std::size_t text_size);
}

}  // namespace

struct Regex::Program {
  std::string pattern;
};

void Regex::Free::operator()(const Program* program) const {
  delete program;
}

Result<Regex> Regex::compile(std::string_view pattern) {
  if (const char* why = refuse_regex_language(pattern)) return failure(why);
  std::array<char, 256> why;
  const std::size_t size = netscope_regex_refusal(pattern.data(), pattern.size(), why.data(), why.size());
  if (size > 0) return failure(std::string(why.data(), size));
  return Regex(new Program{std::string(pattern)});
}

bool Regex::found_in(std::string_view text) const {
  const std::string& pattern = program_->pattern;
  return netscope_regex_found(pattern.data(), pattern.size(), text.data(), text.size()) != 0;
}

}  // namespace netscope
