// ja4: the fingerprint of the client's hello.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/conditions/condition.h"
#include "core/policy/conditions/values.h"

namespace netscope {

class Ja4Condition {
 public:
  static constexpr Asks kAsks = Asks::message;
  static constexpr std::array<std::string_view, 1> kKeys{"ja4"};

  void read(const RuleReader& in);
  // See tls::parse_ja4_pattern.
  const Values<std::string>& patterns() const { return patterns_; }
  bool empty() const { return patterns_.empty(); }
  void describe(std::vector<std::string>& out) const;
  // Unknown while a hello may still come, or come to its end. What is known to be something else has none, or shows it
  // later, inside.
  Holds holds(const Question& question) const;
  void because(const Question& question, std::vector<Reason>& out) const;
  void sign(Signature& out) const;
  // A later hello may have another.
  bool may_change() const { return !patterns_.empty(); }

 private:
  const std::string* match(const Question& question) const;

  Values<std::string> patterns_;
};

}  // namespace netscope
