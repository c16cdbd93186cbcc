// The statistics document (netscope.stats/1): one schema for the daemon, the offline run and the page.
#pragma once

#include <string>

#include "app/offline.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

std::string stats_json(const OfflineRun& run, const RuleSet& rules);

}  // namespace netscope
