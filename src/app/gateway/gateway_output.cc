#include "app/gateway/gateway_output.h"

#include <algorithm>

#include "app/gateway/service.h"
#include "linux/os/clocks.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenWarnings = 60s;

}  // namespace

bool Occasionally::due() {
  const auto now = std::chrono::steady_clock::now();
  if (last_ && now - *last_ < kBetweenWarnings) return false;
  last_ = now;
  return true;
}

RunTotals add_up(std::span<const std::unique_ptr<QueueWorker>> workers, const RuleSet& rules,
                 LatencyHistogram& latency) {
  RunTotals totals;
  totals.statistics = Statistics(rules.rules().size(), rules.catalogue().apps().size());
  totals.log_hits.assign(rules.rules().size(), 0);
  for (const auto& worker : workers) {
    const auto report = worker->report();
    totals.statistics.merge(report->statistics);
    totals.statistics.flows_open += report->flows;
    for (std::size_t i = 0; i < std::min(totals.log_hits.size(), report->log_hits.size()); ++i) {
      totals.log_hits[i] += report->log_hits[i];
    }
    latency += report->latency;
  }
  return totals;
}

void GatewayOutput::warn_of_lost_events() {
  const auto problem = events_.take_problem();
  const std::uint64_t dropped = events_.dropped();
  if (problem && output_warning_.due()) {
    console_.log(LogLevel::error, to_string(*problem) + "; " + std::to_string(dropped) +
                                      " events are lost so far, and filtering goes on");
  } else if (dropped > events_warned_of_ && event_warning_.due()) {
    console_.log(LogLevel::warning, std::to_string(dropped) +
                                        " events are lost so far: they come faster than they can be written; filtering "
                                        "goes on");
  } else {
    return;
  }
  events_warned_of_ = dropped;
}

void GatewayOutput::write_statistics(const StatsSource& source, const RunTotals& totals, const KernelView& kernel,
                                     const RuleSet& rules) {
  if (options_.stats_json.empty() || options_.stats_json == "-") return;
  const std::string json = to_json(stats_of_run(source, totals, kernel, rules));
  const auto written = replace_file(options_.stats_json, json);
  if (!written && output_warning_.due()) {
    console_.log(LogLevel::error, to_string(written.error()) + "; filtering goes on");
  }
}

void GatewayOutput::show_status(const RunTotals& totals, const KernelView& kernel) {
  const Statistics& s = totals.statistics;
  std::uint64_t depth = 0, lost = 0;
  for (const QueueView& queue : kernel.queues) {
    depth += queue.depth;
    lost += queue.queue_dropped + queue.user_dropped;
  }
  const std::uint64_t seen = s.all.packets + kernel.passed.packets + kernel.dropped.packets + kernel.rejected.packets;
  const std::string text = std::to_string(seen - std::min(seen, packets_shown_)) + " packets/s  " +
                           std::to_string(s.flows_open) + " flows  " +
                           std::to_string(s.blocked_packets() + kernel.dropped.packets + kernel.rejected.packets) +
                           " blocked  " + std::to_string(depth) + " queued  " + std::to_string(lost) + " lost  " +
                           std::to_string(kernel.unjudged) + " unjudged";
  packets_shown_ = seen;
  console_.status(text);
  notify_status(text);
}

void GatewayOutput::warn_of_losses(const QueueLosses& losses) {
  const auto trouble = losses.trouble();
  if (trouble && *trouble != losses_warned_of_ && loss_warning_.due()) {
    losses_warned_of_ = *trouble;
    console_.log(LogLevel::warning, *trouble);
  } else if (!trouble && !losses_warned_of_.empty()) {
    losses_warned_of_.clear();
    console_.log(LogLevel::info, "every packet was judged in the last minute; since the start about " +
                                     std::to_string(losses.passed()) + " passed unjudged and " +
                                     std::to_string(losses.dropped()) + " were dropped");
  }
}

void GatewayOutput::warn_of_blocks_in_vain(const CarriedOut& carried_out) {
  if (carried_out.missing() == in_vain_warned_of_ || !carried_out.trouble() || !in_vain_warning_.due()) return;
  in_vain_warned_of_ = carried_out.missing();
  console_.log(LogLevel::warning, *carried_out.trouble());
}

void GatewayOutput::warn_of_one_direction(const OneDirection& direction) {
  if (direction.trouble() && one_sided_warning_.due()) console_.log(LogLevel::warning, *direction.trouble());
}

}  // namespace netscope
