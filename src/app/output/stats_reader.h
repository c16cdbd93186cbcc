// Statistics documents (netscope.stats/1) as they come from other machines: nothing in them is taken for granted.
#pragma once

#include <string_view>

#include "netscope/base/result.h"
#include "netscope/output/stats_document.h"

namespace netscope {

// Fails with line and column where it is no JSON, else with the member that is missing or wrong.
Result<StatsDocument> parse_stats(std::string_view json);

}  // namespace netscope
