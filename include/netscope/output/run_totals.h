// What every run reports, over a capture or at a gateway.
#pragma once

#include <cstdint>
#include <vector>

#include "netscope/engine/statistics.h"

namespace netscope {

struct RunTotals {
  double seconds = 0;  // wall time
  Statistics statistics;
  std::vector<std::uint64_t> log_hits;  // by RuleIndex
};

}  // namespace netscope
