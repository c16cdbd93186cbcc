#include "netscope/output/stats_json.h"

#include "netscope/output/json.h"

namespace netscope {
namespace {

// Rows of each table that a reader gets; the tables behind them are longer.
constexpr std::size_t kRows = 100;

void write_tally(JsonWriter& json, const Tally& tally) {
  json.number("pkts", tally.packets);
  json.number("bytes", tally.bytes);
  json.number("flows", tally.flows);
  json.number("blocked", tally.blocked);
}

std::string_view app_name(const RuleSet& rules, AppId app) {
  return app == kNoApp ? std::string_view{} : std::string_view(rules.catalogue().apps()[app].name);
}

void write_capture(JsonWriter& json, const KernelView& kernel) {
  std::uint64_t queue_dropped = 0, user_dropped = 0;
  for (const QueueView& queue : kernel.queues) {
    queue_dropped += queue.queue_dropped;
    user_dropped += queue.user_dropped;
  }
  json.begin_object("capture");
  json.number("kernel_packets", kernel.passed.packets + kernel.dropped.packets + kernel.rejected.packets);
  json.number("kernel_drops", queue_dropped);
  json.number("user_drops", user_dropped);
  json.number("events_dropped", kernel.events_dropped);
  json.begin_array("queues");
  for (const QueueView& queue : kernel.queues) {
    json.begin_object();
    json.number("id", queue.number);
    json.number("depth", queue.depth);
    json.number("drops", queue.queue_dropped + queue.user_dropped);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_decoder(JsonWriter& json, const Statistics& s) {
  json.begin_object("decoder");
  json.number("pkts", s.all.packets);
  json.number("bytes", s.all.bytes);
  json.number("ipv4", s.ipv4.packets);
  json.number("ipv6", s.ipv6.packets);
  json.number("tcp", s.tcp.packets);
  json.number("udp", s.udp.packets);
  json.number("icmp", s.icmp.packets);
  json.number("other", s.other.packets + s.not_ip.packets);
  json.number("invalid", s.malformed.packets);
  json.number("truncated", s.cut_off.packets);
  json.end_object();
}

void write_flow(JsonWriter& json, const Statistics& s) {
  const auto in_state = [&](FlowState state) { return s.flows[static_cast<std::size_t>(state)]; };
  json.begin_object("flow");
  json.number("total", s.flows_total);
  json.number("active", s.flows_open);
  json.number("one_sided", s.one_sided);
  json.number("new", in_state(FlowState::opened));
  json.number("established", in_state(FlowState::established));
  json.number("classified", in_state(FlowState::classified));
  json.number("closed", in_state(FlowState::closed));
  json.number("incomplete", in_state(FlowState::incomplete));
  json.number("tcp", s.flows_tcp);
  json.number("udp", s.flows_udp);
  json.number("evicted", s.evicted);
  json.number("memuse", s.flow_memory);
  json.end_object();
}

void write_firewall(JsonWriter& json, const Statistics& s, const KernelView& kernel) {
  json.begin_object("firewall");
  json.number("accepted", s.accepted.packets);
  json.number("blocked", s.dropped.packets);
  json.number("rejected", s.rejected.packets);
  json.number("offloaded", kernel.passed.packets);
  json.begin_object("drop_reason");
  json.number("rules", s.reasons.rules);
  json.number("default_policy", s.reasons.default_policy);
  json.number("flow_drop", s.reasons.flow_drop);
  json.number("overload", 0);
  json.number("unparsed", s.reasons.unparsed);
  json.end_object();
  json.end_object();
}

void write_app_layer(JsonWriter& json, const Statistics& s) {
  const auto messages = [&](Protocol protocol) { return s.messages[static_cast<std::size_t>(protocol)]; };
  json.begin_object("app_layer");
  json.number("tls", messages(Protocol::tls));
  json.number("http", messages(Protocol::http));
  json.number("dns", messages(Protocol::dns) + messages(Protocol::mdns) + messages(Protocol::llmnr));
  json.number("quic", messages(Protocol::quic));
  json.number("sni", s.names);
  json.end_object();
}

void write_tables(JsonWriter& json, const Statistics& s, const RuleSet& rules) {
  json.begin_array("apps");
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    if (s.apps[i].flows == 0) continue;
    json.begin_object();
    json.text("app", rules.catalogue().apps()[i].name);
    json.text("category", rules.catalogue().apps()[i].category);
    write_tally(json, s.apps[i]);
    json.end_object();
  }
  json.end_array();
  json.begin_array("domains");
  for (const auto& [domain, tally] : s.domains.top(kRows)) {
    json.begin_object();
    json.text("domain", domain);
    json.text("app", app_name(rules, rules.catalogue().find(domain)));
    write_tally(json, tally);
    json.end_object();
  }
  json.end_array();
  json.begin_array("clients");
  for (const auto& [client, tally] : s.clients.top(kRows)) {
    json.begin_object();
    json.text("ip", to_string(client));
    write_tally(json, tally);
    json.end_object();
  }
  json.end_array();
  json.begin_array("edges");
  for (const auto& [edge, tally] : s.edges.top(kRows)) {
    json.begin_object();
    json.text("src", to_string(edge.client));
    json.text("app", app_name(rules, edge.app));
    json.text("dst", edge.domain);
    json.number("bytes", tally.bytes);
    json.number("blocked", tally.blocked);
    json.end_object();
  }
  json.end_array();
}

void write_rules(JsonWriter& json, const RunTotals& run, const RuleSet& rules) {
  json.begin_array("rules");
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const RuleTally& tally = run.statistics.rules[i];
    const bool logs = rules.rules()[i].action == RuleAction::log;
    json.begin_object();
    json.text("id", rules.rules()[i].name);
    json.number("hits", logs ? run.log_hits[i] : tally.flows);
    json.number("pkts", tally.matched.packets);
    json.number("bytes", tally.matched.bytes);
    if (tally.last_hit == Time{}) {
      json.null("last_hit");
    } else {
      json.text("last_hit", eve_timestamp(tally.last_hit));
    }
    json.end_object();
  }
  json.end_array();
}

void write_timeline(JsonWriter& json, const Timeline& timeline) {
  json.begin_object("timeline");
  json.number("start", timeline.start_seconds() < 0 ? 0 : static_cast<std::uint64_t>(timeline.start_seconds()));
  json.number("step", timeline.step_seconds());
  const auto series = [&](std::string_view key, auto value) {
    json.begin_array(key);
    for (const Timeline::Step& step : timeline.steps()) json.number(value(step));
    json.end_array();
  };
  series("pkts", [](const Timeline::Step& step) { return step.all.packets; });
  series("bytes", [](const Timeline::Step& step) { return step.all.bytes; });
  series("blocked", [](const Timeline::Step& step) { return step.blocked; });
  json.end_object();
}

void write_latency(JsonWriter& json, const LatencyHistogram& latency) {
  const auto us = [](std::chrono::nanoseconds ns) { return static_cast<std::uint64_t>(ns.count()) / 1000; };
  json.begin_object("latency_us");
  json.number("p50", us(latency.quantile(0.5)));
  json.number("p99", us(latency.quantile(0.99)));
  json.number("max", us(latency.max()));
  json.end_object();
}

}  // namespace

std::string stats_json(const StatsSource& source, const RunTotals& run, const KernelView& kernel,
                       const RuleSet& rules) {
  const Statistics& s = run.statistics;
  JsonWriter json;
  json.begin_object();
  json.text("schema", "netscope.stats/1");
  json.text("timestamp", eve_timestamp(source.timestamp));
  json.real("uptime", run.seconds);
  json.begin_object("source");
  json.text("kind", source.kind);
  json.text("name", source.name);
  json.boolean("simulated", false);
  json.text("version", source.version);
  json.end_object();
  json.begin_object("stats");
  write_capture(json, kernel);
  write_decoder(json, s);
  write_flow(json, s);
  write_firewall(json, s, kernel);
  write_app_layer(json, s);
  json.end_object();
  write_tables(json, s, rules);
  write_rules(json, run, rules);
  write_timeline(json, s.timeline);
  write_latency(json, kernel.latency);
  json.begin_object("truncated");
  json.boolean("domains", !s.domains.exact() || s.domains.size() > kRows);
  json.boolean("clients", !s.clients.exact() || s.clients.size() > kRows);
  json.end_object();
  json.end_object();
  return std::string(json.result()) + "\n";
}

}  // namespace netscope
