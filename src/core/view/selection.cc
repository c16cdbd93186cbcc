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
    s.all.add(size);
    count_headers(packet);
    count_action(packet.action, size);
    s.timeline.add(packet.time, size, packet.action != Action::accept);
    if (packet.flow == kNoFlow) return;
    Tally& share = shares_[packet.flow];
    ++share.packets;
    share.bytes += size;
    share.blocked += packet.action == Action::accept ? 0 : 1;
    if (!packet.decided) return;
    RuleTally& rule = rule_of(packet.rule);
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
      RuleTally& rule = rule_of(flow.decision.rule);
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
    ++s.flows_total;
    ++s.flows[static_cast<std::size_t>(flow.state)];
    s.flows_tcp += flow.ip_protocol == ip_protocol::tcp ? 1 : 0;
    s.flows_udp += flow.ip_protocol == ip_protocol::udp ? 1 : 0;
    s.names += flow.shown.names.empty() ? 0 : 1;
    s.protocols[static_cast<std::size_t>(flow.protocol)] += tally;
    if (flow.app_id < s.apps.size()) s.apps[flow.app_id] += tally;
    if (flow.decided) ++rule_of(flow.decision.rule).flows;
    s.clients.add(flow.client.address, tally);
    if (flow.shown.names.empty()) return;
    for (const RowName& seen : flow.shown.names) {
      const std::string_view name = rows_.texts()[seen.name];
      s.domains.add(name, &seen == &flow.shown.names.back() ? tally : Tally{.flows = 1});
    }
    s.edges.add(EdgeView{flow.client.address, flow.app_id, rows_.texts()[flow.domain()]}, tally);
  }

  RunTotals take() { return std::move(totals_); }

 private:
  void count_headers(const PacketRow& packet) {
    Statistics& s = totals_.statistics;
    const std::uint64_t size = packet.size_on_wire;
    switch (packet.kind) {
      case PacketKind::not_ip: return s.not_ip.add(size);
      case PacketKind::malformed: return s.malformed.add(size);
      case PacketKind::cut_off: return s.cut_off.add(size);
      case PacketKind::fragment: s.fragments.add(size); break;
      case PacketKind::of_flow:
      case PacketKind::quoting: break;
    }
    (packet.version == IpVersion::v4 ? s.ipv4 : s.ipv6).add(size);
    if (packet.kind == PacketKind::quoting) return s.icmp.add(size);
    switch (packet.ip_protocol) {
      case ip_protocol::tcp: return s.tcp.add(size);
      case ip_protocol::udp: return s.udp.add(size);
      case ip_protocol::icmp:
      case ip_protocol::icmp_v6: return s.icmp.add(size);
      default: return s.other.add(size);
    }
  }

  void count_action(Action action, std::uint64_t size) {
    Statistics& s = totals_.statistics;
    switch (action) {
      case Action::accept: return s.accepted.add(size);
      case Action::drop: return s.dropped.add(size);
      case Action::reject: return s.rejected.add(size);
    }
  }

  RuleTally& rule_of(RuleIndex rule) {
    Statistics& s = totals_.statistics;
    return rule < s.rules.size() ? s.rules[rule] : s.default_rule;
  }

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
