// What Prometheus reads: text whose labels are bounded, never an address or a domain.
#pragma once

#include <string>
#include <string_view>

#include "netscope/output/kernel_view.h"
#include "netscope/output/run_totals.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// Exposition format 0.0.4.
std::string metrics_text(const RunTotals& run, const KernelView& kernel, const RuleSet& rules, std::string_view version,
                         std::string_view commit);

}  // namespace netscope
