#include "netscope/output/stats_json.h"

#include "netscope/output/json.h"
#include "netscope/output/stats_document.h"

namespace netscope {
namespace {

std::string app_name(const RuleSet& rules, AppId app) {
  return app == kNoApp ? std::string{} : rules.catalogue().apps()[app].name;
}

template <class Row, class Table, class Make>
StatsTable<Row> table_of(const Table& table, Make make) {
  StatsTable<Row> out{.rows = {}, .error_bytes = table.error_bytes(), .truncated = false};
  for (const auto& [key, tally] : table.top(kStatsRows)) out.rows.push_back(make(key, tally));
  out.truncated = !table.exact() || table.size() > kStatsRows;
  return out;
}

void describe_kernel(StatsDocument& out, const KernelView& kernel) {
  for (const QueueView& queue : kernel.queues) {
    out.kernel_drops += queue.queue_dropped;
    out.user_drops += queue.user_dropped;
    out.queues.push_back({.id = queue.number, .depth = queue.depth, .drops = queue.queue_dropped + queue.user_dropped});
  }
  out.by_overload = out.kernel_drops + out.user_drops;
  out.kernel_packets = kernel.passed.packets + kernel.dropped.packets + kernel.rejected.packets;
  out.events_dropped = kernel.events_dropped;
  out.names_dropped = kernel.names_dropped;
  out.offloaded = kernel.passed.packets;
  out.latency = kernel.latency;
}

void describe_packets(StatsDocument& out, const Statistics& s) {
  out.packets = s.all.packets;
  out.bytes = s.all.bytes;
  out.ipv4 = s.ipv4.packets;
  out.ipv6 = s.ipv6.packets;
  out.tcp = s.tcp.packets;
  out.udp = s.udp.packets;
  out.icmp = s.icmp.packets;
  out.other = s.other.packets + s.not_ip.packets;
  out.invalid = s.malformed.packets;
  out.cut_off = s.cut_off.packets;
  out.accepted = s.accepted.packets;
  out.blocked = s.dropped.packets;
  out.rejected = s.rejected.packets;
  out.by_rules = s.reasons.rules;
  out.by_default_policy = s.reasons.default_policy;
  out.by_flow = s.reasons.flow_drop;
  out.by_unparsed = s.reasons.unparsed;
  const auto messages = [&](Protocol protocol) { return s.messages[static_cast<std::size_t>(protocol)]; };
  out.tls = messages(Protocol::tls);
  out.http = messages(Protocol::http) + messages(Protocol::http2);
  out.dns = messages(Protocol::dns) + messages(Protocol::mdns) + messages(Protocol::llmnr);
  out.quic = messages(Protocol::quic);
  out.names = s.names;
  out.learned_names = s.learned_names;
}

void describe_flows(StatsDocument& out, const Statistics& s) {
  const auto in_state = [&](FlowState state) { return s.flows[static_cast<std::size_t>(state)]; };
  out.flows = s.flows_total;
  out.flows_active = s.flows_open;
  out.flows_one_sided = s.one_sided;
  out.flows_new = in_state(FlowState::opened);
  out.flows_established = in_state(FlowState::established);
  out.flows_classified = in_state(FlowState::classified);
  out.flows_closed = in_state(FlowState::closed);
  out.flows_incomplete = in_state(FlowState::incomplete);
  out.flows_tcp = s.flows_tcp;
  out.flows_udp = s.flows_udp;
  out.flows_evicted = s.evicted;
  out.flow_memory = s.flow_memory;
}

void describe_tables(StatsDocument& out, const Statistics& s, const RuleSet& rules) {
  const std::span<const App> apps = rules.catalogue().apps();
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    if (s.apps[i].flows == 0) continue;
    out.apps.push_back({.app = apps[i].name, .category = apps[i].category, .tally = s.apps[i]});
  }
  out.domains = table_of<StatsDocument::Domain>(s.domains, [&](const std::string& domain, const Tally& tally) {
    return StatsDocument::Domain{
        .domain = domain, .app = app_name(rules, rules.catalogue().find(domain)), .tally = tally};
  });
  out.clients = table_of<StatsDocument::Client>(s.clients, [](const IpAddress& client, const Tally& tally) {
    return StatsDocument::Client{.ip = to_string(client), .tally = tally};
  });
  out.edges = table_of<StatsDocument::Edge>(s.edges, [&](const Edge& edge, const Tally& tally) {
    return StatsDocument::Edge{
        .client = to_string(edge.client), .app = app_name(rules, edge.app), .domain = edge.domain, .tally = tally};
  });
}

void describe_rules(StatsDocument& out, const RunTotals& run, const RuleSet& rules) {
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const RuleTally& tally = run.statistics.rules[i];
    const bool logs = rules.rules()[i].action == RuleAction::log;
    out.rules.push_back({.id = rules.rules()[i].name,
                         .hits = logs ? run.log_hits[i] : tally.flows,
                         .packets = tally.matched.packets,
                         .bytes = tally.matched.bytes,
                         .last_hit = tally.last_hit == Time{} ? std::string{} : eve_timestamp(tally.last_hit)});
  }
}

void describe_timeline(StatsDocument& out, const Timeline& timeline) {
  const std::int64_t start = timeline.start_seconds();
  out.timeline.start = start < 0 ? 0 : static_cast<std::uint64_t>(start);
  out.timeline.step = timeline.step_seconds();
  for (const Timeline::Step& step : timeline.steps()) {
    out.timeline.packets.push_back(step.all.packets);
    out.timeline.bytes.push_back(step.all.bytes);
    out.timeline.blocked.push_back(step.blocked);
  }
}

}  // namespace

std::string stats_json(const StatsSource& source, const RunTotals& run, const KernelView& kernel,
                       const RuleSet& rules) {
  StatsDocument out;
  out.source = {.kind = std::string(source.kind),
                .name = std::string(source.name),
                .host = std::string(source.host),
                .version = std::string(source.version),
                .timestamp = eve_timestamp(source.timestamp)};
  out.uptime = run.seconds;
  describe_kernel(out, kernel);
  describe_packets(out, run.statistics);
  describe_flows(out, run.statistics);
  describe_tables(out, run.statistics, rules);
  describe_rules(out, run, rules);
  describe_timeline(out, run.statistics.timeline);
  return to_json(out);
}

}  // namespace netscope
