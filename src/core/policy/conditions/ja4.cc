#include "core/policy/conditions/ja4.h"

#include <algorithm>

#include "core/dpi/ja4.h"

namespace netscope {

void Ja4Condition::read(const RuleReader& in) {
  patterns_.read(in, kKeys[0], tls::parse_ja4_pattern);
}

void Ja4Condition::describe(std::vector<std::string>& out) const {
  patterns_.describe(kKeys[0], out, [](const std::string& pattern) -> std::string_view { return pattern; });
}

const std::string* Ja4Condition::match(const Question& question) const {
  for (const std::string& pattern : patterns_) {
    if (tls::ja4_matches(question.ja4, pattern)) return &pattern;
  }
  return nullptr;
}

Holds Ja4Condition::holds(const Question& question) const {
  if (question.lacks(Known::hello)) return Holds::unknown;
  if (question.ja4.empty()) {
    const bool may_show_one = question.protocol == Protocol::unknown || has_hello(question.protocol);
    return may_show_one && !question.final ? Holds::unknown : Holds::no;
  }
  return match(question) != nullptr ? Holds::yes : Holds::no;
}

void Ja4Condition::because(const Question& question, std::vector<Reason>& out) const {
  if (question.ja4.empty()) return;
  if (const std::string* pattern = match(question)) {
    out.push_back({.key = kKeys[0], .value = *pattern, .subject = std::string(question.ja4)});
  }
}

void Ja4Condition::sign(Signature& out) const {
  const std::vector<std::string> patterns = patterns_.sorted();
  out.add(patterns.size());
  for (const std::string& pattern : patterns) out.add(std::string_view(pattern));
}

}  // namespace netscope
