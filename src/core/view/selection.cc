#include "netscope/view/selection.h"

#include <algorithm>
#include <numeric>

#include "core/base/text.h"

namespace netscope {
namespace {

// Adds rows up as the engine adds packets up.
class Adder {
 public:
  Adder(const Rows& rows, const RuleSet& rules) : rows_(rows), shares_(rows.flows().size()) {
    totals_.statistics = Statistics(rules.rules().size(), rules.catalogue().apps().size());
    totals_.log_hits.assign(rules.rules().size(), 0);
  }

  void add(const PacketRow& packet) {
    Statistics& s = totals_.statistics;
    const std::uint64_t size = packet.size_on_wire;
    s.add_packet(packet.kind, packet.version, packet.ip_protocol, size);
    s.add_verdict(packet.action, size);
    s.timeline.add(packet.time, size, packet.action != Action::accept);
    if (packet.flow == kNoFlow) return;
    Tally& share = shares_[packet.flow];
    ++share.packets;
    share.bytes += size;
    share.blocked += packet.action == Action::accept ? 0 : 1;
    if (!packet.decided) return;
    RuleTally& rule = totals_.statistics.of_rule(packet.rule);
    rule.matched.add(size);
    rule.last_hit = std::max(rule.last_hit, packet.time);
  }

  // A flow without packets of its own in view counts whole.
  void add_whole(FlowIndex index) {
    const FlowRow& flow = rows_.flows()[index];
    shares_[index] = {
        .packets = flow.all_packets(), .bytes = flow.all_bytes(), .flows = 0, .blocked = flow.blocked_packets};
    Statistics& s = totals_.statistics;
    s.all += Counter{flow.all_packets(), flow.all_bytes()};
    const bool blocked = flow.decided && flow.decision.blocks();
    Counter& verdict = !blocked ? s.accepted : flow.decision.action == Action::drop ? s.dropped : s.rejected;
    verdict += Counter{flow.all_packets(), flow.all_bytes()};
    if (flow.decided) {
      RuleTally& rule = totals_.statistics.of_rule(flow.decision.rule);
      rule.matched += Counter{flow.all_packets(), flow.all_bytes()};
      rule.last_hit = std::max(rule.last_hit, flow.end);
    }
    (flow.client.address.version == IpVersion::v4 ? s.ipv4 : s.ipv6) += Counter{flow.all_packets(), flow.all_bytes()};
  }

  void add_flow(FlowIndex index) {
    const FlowRow& flow = rows_.flows()[index];
    Statistics& s = totals_.statistics;
    Tally tally = shares_[index];
    tally.flows = 1;
    const FlowTraits traits{.client = flow.client.address,
                            .ip_protocol = flow.ip_protocol,
                            .state = flow.state,
                            .app = flow.app_id,
                            .names = flow.shown.names.size()};
    CountedFlow counted;
    s.add_flow(traits, tally, counted, [&](std::size_t i) { return rows_.texts()[flow.shown.names[i].name]; });
    s.names += flow.shown.names.empty() ? 0 : 1;
    s.protocols[static_cast<std::size_t>(flow.protocol)] += tally;
    if (flow.decided) ++s.of_rule(flow.decision.rule).flows;
  }

  RunTotals take() { return std::move(totals_); }

 private:
  const Rows& rows_;
  RunTotals totals_;
  std::vector<Tally> shares_;  // of each flow, what is in view
};

int compare_text(const Rows& rows, TextId a, TextId b) {
  if (a == b) return 0;
  return to_lower(rows.texts()[a]).compare(to_lower(rows.texts()[b]));
}

template <class T>
int compare_values(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare(const Rows& rows, const FlowRow& a, const FlowRow& b, FlowColumn column) {
  switch (column) {
    case FlowColumn::start: return compare_values(a.start, b.start);
    case FlowColumn::bytes: return compare_values(a.all_bytes(), b.all_bytes());
    case FlowColumn::packets: return compare_values(a.all_packets(), b.all_packets());
    case FlowColumn::client: return compare_values(a.client.address, b.client.address);
    case FlowColumn::server: return compare_values(a.server.address, b.server.address);
    case FlowColumn::app: return compare_text(rows, a.app, b.app);
    case FlowColumn::domain: return compare_text(rows, a.domain(), b.domain());
    case FlowColumn::rule: return compare_text(rows, a.rule, b.rule);
    case FlowColumn::duration: return compare_values(a.end - a.start, b.end - b.start);
  }
  return 0;
}

}  // namespace

void Selection::select(const Rows& rows, const Filter& filter, const TimeSpan& span) {
  everything_ = filter.selects_everything() && span.is_everything();
  flows_.clear();
  packets_.clear();
  FilterMatcher matcher(filter, rows);
  std::vector<bool> chosen(rows.flows().size());
  for (FlowIndex i = 0; i < rows.flows().size(); ++i) {
    const FlowRow& flow = rows.flows()[i];
    chosen[i] = matcher.matches(flow);
    if (chosen[i] && flow.start < span.end && span.begin <= flow.end) flows_.push_back(i);
  }
  const bool by_packet = filter.asks_packets();
  std::uint32_t position = 0;
  for (const PacketRow& packet : rows.packets()) {
    const bool as_its_flow = !by_packet && packet.kind == PacketKind::of_flow && packet.flow != kNoFlow;
    const bool wanted = as_its_flow ? chosen[packet.flow] : matcher.matches(packet);
    if (wanted && span.holds(packet.time)) packets_.push_back(position);
    ++position;
  }
}

void Selection::sort_flows(const Rows& rows, FlowColumn column, SortOrder order) {
  const auto& flows = rows.flows();
  std::sort(flows_.begin(), flows_.end());
  std::stable_sort(flows_.begin(), flows_.end(), [&](FlowIndex a, FlowIndex b) {
    const int sign = compare(rows, flows[a], flows[b], column);
    return order == SortOrder::ascending ? sign < 0 : sign > 0;
  });
}

RunTotals totals_of(const Selection& selection, const Rows& rows, const RuleSet& rules) {
  Adder adder(rows, rules);
  if (rows.packets().empty()) {
    for (const FlowIndex flow : selection.flows()) adder.add_whole(flow);
  } else {
    for (const std::uint32_t packet : selection.packets()) adder.add(rows.packets()[packet]);
  }
  for (const FlowIndex flow : selection.flows()) adder.add_flow(flow);
  return adder.take();
}

}  // namespace netscope
