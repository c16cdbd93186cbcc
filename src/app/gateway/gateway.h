// The program as a gateway: queues, workers and the kernel's rules, from start to stop.
#pragma once

#include "app/command_line.h"
#include "app/gateway/gateway_run.h"
#include "app/policy_source.h"
#include "netscope/base/result.h"

namespace netscope {

// The queues that the settings name, else from 0 as many as --workers says, else as there are processors.
QueueRange queues_of(const LiveSettings& settings, const CommandLine& options);

// Runs until SIGTERM or SIGINT, or until a queue fails. SIGHUP loads the rules again. Fails only where the run cannot
// begin; the network is then as it was before. `policy` becomes the one that was in force at the end.
Result<GatewayRun> run_gateway(const CommandLine& options, LoadedPolicy& policy);

}  // namespace netscope
