// What a run at a gateway did.
#pragma once

#include <string>
#include <vector>

#include "app/output/kernel_view.h"
#include "app/output/run_totals.h"

namespace netscope {

struct LiveRun : RunTotals {
  std::string place;  // "nft, hooks forward, queues 0-3"
  KernelView kernel;
  std::uint64_t reloads = 0;
  // Why the run is not a success, each a sentence. Empty: it is one.
  std::vector<std::string> problems;
};

}  // namespace netscope
