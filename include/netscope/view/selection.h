// What a filter and a span of time leave of the rows, in an order, and the statistics of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "netscope/engine/statistics.h"
#include "netscope/output/run_totals.h"
#include "netscope/view/filter.h"
#include "netscope/view/rows.h"

namespace netscope {

// From `begin` to before `end`.
struct TimeSpan {
  Time begin = Time::min();
  Time end = Time::max();
  bool holds(Time time) const { return begin <= time && time < end; }
  bool is_everything() const { return begin == Time::min() && end == Time::max(); }
};

enum class FlowColumn : std::uint8_t { start, bytes, packets, client, server, app, domain, rule, duration };
inline constexpr std::size_t kFlowColumns = 9;
enum class SortOrder : std::uint8_t { ascending, descending };

class Selection {
 public:
  // Flows that were under way in the span, and packets that lie in it.
  void select(const Rows& rows, const Filter& filter, const TimeSpan& span);
  // Equal rows keep the order in which they came.
  void sort_flows(const Rows& rows, FlowColumn column, SortOrder order);

  std::span<const FlowIndex> flows() const { return flows_; }
  std::span<const std::uint32_t> packets() const { return packets_; }  // positions in Rows::packets()
  bool is_everything() const { return everything_; }

 private:
  bool everything_ = true;
  std::vector<FlowIndex> flows_;
  std::vector<std::uint32_t> packets_;
};

// The statistics of selected packets and their flows; of the flows alone where there are no packets. What a row does
// not hold (tunnels, memory, messages by protocol) is left at zero.
RunTotals totals_of(const Selection& selection, const Rows& rows, const RuleSet& rules);

}  // namespace netscope
