// --explain, for people.
#pragma once

#include <string>

#include "netscope/policy/explain.h"

namespace netscope {

// In lines of 80 characters; longer only where a name is.
std::string explanation_text(const RuleSet& rules, const Explanation& explanation);

}  // namespace netscope
