// What other rules would make of flows, by what their rows tell: for flows of a gateway, whose packets are gone.
#pragma once

#include <cstdint>
#include <vector>

#include "netscope/policy/rule_set.h"
#include "netscope/view/rows.h"

namespace netscope {

struct Trial {
  std::vector<FlowIndex> newly_blocked;
  std::vector<FlowIndex> newly_allowed;
  std::uint64_t unchanged = 0;
};

// The rules are asked about each name of the flow in turn, as if nothing more came to light; one that is blocked blocks
// the flow, as in the engine.
Decision judge(const RuleSet& rules, const FlowRow& flow, const Texts& texts);

// Both judge each flow anew, so that nothing but the rules makes a difference. A flow whose verdict is of neither the
// rules that hold nor their default was decided by hand, and stays as it is.
Trial try_rules(const Rows& rows, const RuleSet& holding, const RuleSet& draft);

}  // namespace netscope
