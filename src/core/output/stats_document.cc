#include "netscope/output/stats_document.h"

#include "netscope/output/json.h"

namespace netscope {
namespace {

using D = StatsDocument;

void write(JsonWriter& json, const D& document, StatsGroup group) {
  for (std::size_t i = 0; i < kStatsCounters.size(); ++i) {
    if (kStatsCounters[i].group == group) json.number(kStatsCounters[i].name, document.counters[i]);
  }
}

void write(JsonWriter& json, const Tally& tally) {
  json.number("pkts", tally.packets);
  json.number("bytes", tally.bytes);
  json.number("flows", tally.flows);
  json.number("blocked", tally.blocked);
}

void write(JsonWriter& json, std::string_view key, const std::vector<std::uint64_t>& numbers) {
  json.begin_array(key);
  for (const std::uint64_t number : numbers) json.number(number);
  json.end_array();
}

void write_origin(JsonWriter& json, const StatsOrigin& origin) {
  json.text("kind", origin.kind);
  json.text("name", origin.name);
  if (!origin.host.empty()) json.text("host", origin.host);
  json.boolean("simulated", origin.simulated);
  json.text("version", origin.version);
}

void write_source(JsonWriter& json, const D& document) {
  json.begin_object("source");
  write_origin(json, document.source);
  if (!document.merged.empty()) {
    json.begin_array("merged");
    for (const StatsOrigin& origin : document.merged) {
      json.begin_object();
      write_origin(json, origin);
      json.text("timestamp", origin.timestamp);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void write_counters(JsonWriter& json, const D& document) {
  json.begin_object("stats");
  json.begin_object("capture");
  write(json, document, StatsGroup::capture);
  json.begin_array("queues");
  for (const D::Queue& queue : document.queues) {
    json.begin_object();
    json.number("id", queue.id);
    json.number("depth", queue.depth);
    json.number("drops", queue.drops);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.begin_object("decoder");
  write(json, document, StatsGroup::decoder);
  json.end_object();
  json.begin_object("flow");
  write(json, document, StatsGroup::flow);
  json.end_object();
  json.begin_object("firewall");
  write(json, document, StatsGroup::firewall);
  json.begin_object("drop_reason");
  write(json, document, StatsGroup::drop_reason);
  json.end_object();
  json.end_object();
  json.begin_object("app_layer");
  write(json, document, StatsGroup::app_layer);
  json.end_object();
  json.end_object();
}

void write_tables(JsonWriter& json, const D& document) {
  json.begin_array("apps");
  for (const D::App& row : document.apps) {
    json.begin_object();
    json.text("app", row.app);
    json.text("category", row.category);
    write(json, row.tally);
    json.end_object();
  }
  json.end_array();
  json.begin_array("domains");
  for (const D::Domain& row : document.domains.rows) {
    json.begin_object();
    json.text("domain", row.domain);
    json.text("app", row.app);
    write(json, row.tally);
    json.end_object();
  }
  json.end_array();
  json.begin_array("clients");
  for (const D::Client& row : document.clients.rows) {
    json.begin_object();
    json.text("ip", row.ip);
    write(json, row.tally);
    json.end_object();
  }
  json.end_array();
  json.begin_array("edges");
  for (const D::Edge& row : document.edges.rows) {
    json.begin_object();
    json.text("src", row.client);
    json.text("app", row.app);
    json.text("dst", row.domain);
    json.number("bytes", row.tally.bytes);
    json.number("blocked", row.tally.blocked);
    json.end_object();
  }
  json.end_array();
}

void write_rules(JsonWriter& json, const D& document) {
  json.begin_array("rules");
  for (const D::Rule& rule : document.rules) {
    json.begin_object();
    json.text("id", rule.id);
    json.number("hits", rule.hits);
    json.number("pkts", rule.packets);
    json.number("bytes", rule.bytes);
    if (rule.last_hit.empty()) {
      json.null("last_hit");
    } else {
      json.text("last_hit", rule.last_hit);
    }
    json.end_object();
  }
  json.end_array();
}

void write_timeline(JsonWriter& json, const D::Series& timeline) {
  json.begin_object("timeline");
  json.number("start", timeline.start);
  json.number("step", timeline.step);
  write(json, "pkts", timeline.packets);
  write(json, "bytes", timeline.bytes);
  write(json, "blocked", timeline.blocked);
  json.end_object();
}

void write_latency(JsonWriter& json, const LatencyHistogram& latency) {
  const auto us = [](std::chrono::nanoseconds ns) { return static_cast<std::uint64_t>(ns.count()) / 1000; };
  json.begin_object("latency_us");
  json.number("p50", us(latency.quantile(0.5)));
  json.number("p99", us(latency.quantile(0.99)));
  json.number("max", us(latency.max()));
  std::vector<std::uint64_t> ends, packets;
  for (const LatencyHistogram::Bucket& bucket : latency.buckets()) {
    ends.push_back(bucket.end_ns);
    packets.push_back(bucket.packets);
  }
  json.begin_object("buckets");
  write(json, "up_to_ns", ends);
  write(json, "pkts", packets);
  json.end_object();
  json.end_object();
}

void write_bounds(JsonWriter& json, const D& document) {
  json.begin_object("truncated");
  json.boolean("domains", document.domains.truncated);
  json.boolean("clients", document.clients.truncated);
  json.boolean("edges", document.edges.truncated);
  json.end_object();
  json.begin_object("error_bytes");
  json.number("domains", document.domains.error_bytes);
  json.number("clients", document.clients.error_bytes);
  json.number("edges", document.edges.error_bytes);
  json.end_object();
}

}  // namespace

std::string to_json(const StatsDocument& document) {
  JsonWriter json;
  json.begin_object();
  json.text("schema", kStatsSchema);
  json.text("timestamp", document.source.timestamp);
  json.real("uptime", document.uptime);
  write_source(json, document);
  write_counters(json, document);
  write_tables(json, document);
  write_rules(json, document);
  write_timeline(json, document.timeline);
  write_latency(json, document.latency);
  write_bounds(json, document);
  json.end_object();
  return std::string(json.result()) + "\n";
}

}  // namespace netscope
