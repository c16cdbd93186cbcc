// From what a run counted to the statistics document.

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
    out.queues.push_back({.id = queue.number, .depth = queue.depth, .drops = queue.queue_dropped + queue.user_dropped});
  }
  out.latency = kernel.latency;
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

StatsDocument stats_of_run(const StatsSource& source, const RunTotals& run, const KernelView& kernel,
                           const RuleSet& rules) {
  StatsDocument out;
  out.source = {.kind = std::string(source.kind),
                .name = std::string(source.name),
                .host = std::string(source.host),
                .version = std::string(source.version),
                .timestamp = eve_timestamp(source.timestamp)};
  out.uptime = run.seconds;
  for (std::size_t i = 0; i < kStatsCounters.size(); ++i) {
    out.counters[i] = kStatsCounters[i].of(run.statistics, kernel);
  }
  describe_kernel(out, kernel);
  describe_tables(out, run.statistics, rules);
  describe_rules(out, run, rules);
  describe_timeline(out, run.statistics.timeline);
  return out;
}

}  // namespace netscope
