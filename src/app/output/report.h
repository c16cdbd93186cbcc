// The run report: what a person reads at the end, within 80 columns and without colour.
#pragma once

#include <string>

#include "app/gateway/gateway_run.h"
#include "app/offline/offline.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

std::string text_report(const OfflineRun& run, const RuleSet& rules);
std::string text_report(const GatewayRun& run, const RuleSet& rules);

}  // namespace netscope
