// What a run at a gateway did.
#pragma once

#include <string>

#include "netscope/output/kernel_view.h"
#include "netscope/output/run_totals.h"

namespace netscope {

struct GatewayRun : RunTotals {
  std::string place;  // "nft, hooks forward, queues 0-3"
  std::string host;   // the gateway's own name
  KernelView kernel;
  std::uint64_t reloads = 0;
  bool failed = false;  // the log says why
};

}  // namespace netscope
