// A run over a capture: read, judge, write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "netscope/base/result.h"
#include "netscope/capture/capture_parser.h"
#include "netscope/output/run_totals.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// What a run did, complete or not.
struct OfflineRun : RunTotals {
  std::string input_name, output_name;
  CaptureFormat input_format = CaptureFormat::pcap;
  std::vector<LinkType> link_types;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  std::uint64_t records_read = 0, records_written = 0;
  std::uint64_t left_out = 0;  // by --filter
  // Why the run is not a success, each a sentence that names file, place and remedy. Empty: it is one.
  std::vector<std::string> problems;
};

// Runs to the end of the input, or to the first thing that stops it; what was judged until then is written. Fails (with
// nothing written) only where the run cannot begin.
Result<OfflineRun> run_offline(const CommandLine& options, std::shared_ptr<const RuleSet> rules);

}  // namespace netscope
