// Rows as JSON, and in words.
#pragma once

#include <string>

#include "netscope/output/json.h"
#include "netscope/policy/rule_set.h"
#include "netscope/view/rows.h"

namespace netscope {

// One object each. `number` counts from 1; times are told from the first packet's on, too.
void write_packet(JsonWriter& json, const Rows& rows, std::uint64_t number, const RuleSet& rules);
void write_flow(JsonWriter& json, const Rows& rows, FlowIndex index);

// Why a flow got its verdict: the rule, and which of its conditions held for what. For people.
std::string why(const FlowRow& flow, const Texts& texts, const RuleSet& rules);

}  // namespace netscope
