// --explain: what is known of a name, and what the rules make of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/policy/rule_set.h"

namespace netscope {

// What one rule says of a connection of which the name alone is known.
struct RuleAnswer {
  enum class Holds : std::uint8_t {
    no,       // it asks for another name
    maybe,    // for the name, and what `where` says is not known
    yes,      // for every connection with this name
    unasked,  // a rule before it decides for all of them
  } holds = Holds::no;
  std::string because;  // "category video": the conditions that fit the name
  std::string where;    // "src 192.168.20.0/24": those on the connection
};

struct Explanation {
  std::string name;                    // in the form in which names are compared
  std::vector<RuleAnswer> answers{};   // by RuleIndex
  RuleIndex decides = kDefaultPolicy;  // the first that holds for every connection with this name
};

// `name` must be in the form of normalize_domain.
Explanation explain(const RuleSet& rules, std::string_view name);

// For people, in lines of 80 characters; longer only where a name is.
std::string explanation_text(const RuleSet& rules, const Explanation& explanation);

}  // namespace netscope
