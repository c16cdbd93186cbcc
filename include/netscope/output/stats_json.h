// The statistics document (netscope.stats/1): one schema for the daemon, the offline run and the page.
#pragma once

#include <string>
#include <string_view>

#include "netscope/base/time.h"
#include "netscope/output/kernel_view.h"
#include "netscope/output/run_totals.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

struct StatsSource {
  std::string_view kind;     // "pcap" or "live"
  std::string_view name;     // the file, or the place
  std::string_view host{};   // the gateway's own name; empty: none
  std::string_view version;  // of the program
  Time timestamp;            // when the document is made
};

std::string stats_json(const StatsSource& source, const RunTotals& run, const KernelView& kernel, const RuleSet& rules);

}  // namespace netscope
