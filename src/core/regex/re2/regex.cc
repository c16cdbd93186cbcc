// The port's native side: RE2, whose time grows with the text and never with what the text says.

#include "core/regex/regex.h"

#include <re2/re2.h>

#include "core/regex/language.h"

namespace netscope {
namespace {

re2::RE2::Options without_case() {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_case_sensitive(false);
  options.set_never_capture(true);
  return options;
}

}  // namespace

struct Regex::Program {
  explicit Program(std::string_view text) : pattern(text, without_case()) {}
  re2::RE2 pattern;
};

void Regex::Free::operator()(const Program* program) const {
  delete program;
}

Result<Regex> Regex::compile(std::string_view pattern) {
  if (const char* why = refuse_regex_language(pattern)) return failure(why);
  Regex regex(new Program(pattern));
  if (!regex.program_->pattern.ok()) return failure(regex.program_->pattern.error());
  return regex;
}

bool Regex::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(text, program_->pattern);
}

}  // namespace netscope
