// What a run at a gateway tells while it goes on: events, statistics, the status line, warnings.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "app/command_line.h"
#include "app/gateway/carried_out.h"
#include "app/gateway/console.h"
#include "app/gateway/event_writer.h"
#include "app/gateway/queue_losses.h"
#include "app/gateway/queue_worker.h"
#include "app/gateway/silence.h"
#include "netscope/output/kernel_view.h"
#include "netscope/output/run_totals.h"
#include "netscope/output/stats_document.h"

namespace netscope {

// The sum of the workers, as last reported; their latencies are added to `latency`.
RunTotals add_up(std::span<const std::unique_ptr<QueueWorker>> workers, const RuleSet& rules,
                 LatencyHistogram& latency);

// Lets a warning through once a minute.
class Occasionally {
 public:
  bool due();

 private:
  std::optional<std::chrono::steady_clock::time_point> last_;
};

// Errors of writing are logged, and what could not be written is counted: filtering goes on.
class GatewayOutput {
 public:
  GatewayOutput(const CommandLine& options, Console& console) : options_(options), console_(console) {}

  Result<void> open() { return events_.open(options_.flows, options_.events); }
  // Writes the events that wait. No worker may be running any more.
  Result<void> close() { return events_.close(); }

  EventWriter& events() { return events_; }
  void warn_of_lost_events();
  // Replaces the file of --stats-json as a whole.
  void write_statistics(const StatsSource& source, const RunTotals& totals, const KernelView& kernel,
                        const RuleSet& rules);
  void show_status(const RunTotals& totals, const KernelView& kernel);
  void warn_of_losses(const QueueLosses& losses);
  void warn_of_blocks_in_vain(const CarriedOut& carried_out);
  void warn_of_one_direction(const OneDirection& direction);

 private:
  const CommandLine& options_;
  Console& console_;
  EventWriter events_{EventOrigin::gateway};
  std::uint64_t packets_shown_ = 0, events_warned_of_ = 0;
  std::string losses_warned_of_;  // empty: of none, or they are over
  std::uint64_t in_vain_warned_of_ = 0;
  Occasionally in_vain_warning_, loss_warning_, one_sided_warning_, output_warning_, event_warning_;
};

}  // namespace netscope
