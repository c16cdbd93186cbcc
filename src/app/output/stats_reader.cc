#include "app/output/stats_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "netscope/output/stats_counters.h"

namespace netscope {
namespace {

using D = StatsDocument;
using Json = nlohmann::json;

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // of the year 9999
constexpr std::uint64_t kLongestStep = std::uint64_t{1} << 30;

// A value and where it stands. What is asked of a value that is missing or wrong is remembered once, for all of them;
// the answer is empty then, so that a caller looks at the end alone.
class Node {
 public:
  Node(const Json& value, std::optional<std::string>& problem) : value_(&value), problem_(&problem) {}

  Node operator[](const char* name) const {
    Node out(nullptr, path_.empty() ? name : path_ + "." + name, *problem_);
    if (value_ == nullptr || !value_->is_object()) {
      fail("is no object");
      return out;
    }
    const auto found = value_->find(name);
    if (found == value_->end()) {
      out.fail("is missing");
    } else {
      out.value_ = &*found;
    }
    return out;
  }
  bool has(const char* name) const { return value_ != nullptr && value_->is_object() && value_->contains(name); }
  std::uint64_t number() const {
    if (value_ != nullptr && value_->is_number_unsigned() && value_->get<std::uint64_t>() <= kMaxStatsNumber) {
      return value_->get<std::uint64_t>();
    }
    fail("is no whole number from 0 to 2^53");
    return 0;
  }
  double real() const {
    if (value_ != nullptr && value_->is_number() && value_->get<double>() >= 0) return value_->get<double>();
    fail("is no number from 0 on");
    return 0;
  }
  bool boolean() const {
    if (value_ != nullptr && value_->is_boolean()) return value_->get<bool>();
    fail("is neither true nor false");
    return false;
  }
  std::string text() const {
    if (value_ != nullptr && value_->is_string()) return value_->get<std::string>();
    fail("is no text");
    return {};
  }
  // "2026-11-23T02:00:00.123456+0000": those can be compared as texts.
  std::string timestamp() const {
    constexpr std::string_view kShape = "0000-00-00T00:00:00.000000+0000";
    std::string out = text();
    const auto fits = [](char c, char shape) { return shape == '0' ? c >= '0' && c <= '9' : c == shape; };
    if (!std::ranges::equal(out, kShape, fits)) fail("is no time like 2026-11-23T02:00:00.123456+0000");
    return out;
  }
  std::string timestamp_or_null() const { return value_ != nullptr && value_->is_null() ? std::string{} : timestamp(); }
  // What `read` makes of each item.
  template <class Read>
  auto list(Read read) const {
    std::vector<decltype(read(*this))> out;
    if (value_ == nullptr || !value_->is_array()) {
      fail("is no list");
      return out;
    }
    for (std::size_t i = 0; i < value_->size() && !*problem_; ++i) {
      Node item(&(*value_)[i], path_ + "[" + std::to_string(i) + "]", *problem_);
      out.push_back(read(item));
    }
    return out;
  }
  void fail(const char* what) const {
    if (!*problem_) *problem_ = (path_.empty() ? "the document" : path_) + " " + what;
  }

 private:
  Node(const Json* value, std::string path, std::optional<std::string>& problem)
      : value_(value), path_(std::move(path)), problem_(&problem) {}

  const Json* value_;
  std::string path_;
  std::optional<std::string>* problem_;
};

void read(D& out, const Node& object, StatsGroup group) {
  for (std::size_t i = 0; i < kStatsCounters.size(); ++i) {
    if (kStatsCounters[i].group == group) out.counters[i] = object[kStatsCounters[i].name].number();
  }
}

Tally read_tally(const Node& row) {
  return {.packets = row["pkts"].number(),
          .bytes = row["bytes"].number(),
          .flows = row["flows"].number(),
          .blocked = row["blocked"].number()};
}

std::vector<std::uint64_t> read_numbers(const Node& list) {
  return list.list([](const Node& item) { return item.number(); });
}

StatsOrigin read_origin(const Node& source) {
  return {.kind = source["kind"].text(),
          .name = source["name"].text(),
          .host = source.has("host") ? source["host"].text() : std::string(),
          .version = source["version"].text(),
          .timestamp = {},
          .simulated = source["simulated"].boolean()};
}

void read_source(D& out, const Node& root) {
  out.source = read_origin(root["source"]);
  out.source.timestamp = root["timestamp"].timestamp();
  out.uptime = root["uptime"].real();
  if (!root["source"].has("merged")) return;
  out.merged = root["source"]["merged"].list([](const Node& item) {
    StatsOrigin origin = read_origin(item);
    origin.timestamp = item["timestamp"].timestamp();
    return origin;
  });
}

void read_counters(D& out, const Node& stats) {
  read(out, stats["capture"], StatsGroup::capture);
  out.queues = stats["capture"]["queues"].list([](const Node& queue) {
    return D::Queue{.id = queue["id"].number(), .depth = queue["depth"].number(), .drops = queue["drops"].number()};
  });
  read(out, stats["decoder"], StatsGroup::decoder);
  read(out, stats["flow"], StatsGroup::flow);
  read(out, stats["firewall"], StatsGroup::firewall);
  read(out, stats["firewall"]["drop_reason"], StatsGroup::drop_reason);
  read(out, stats["app_layer"], StatsGroup::app_layer);
}

template <class Row, class Read>
StatsTable<Row> read_table(const Node& root, const char* name, Read read_row) {
  return {.rows = root[name].list(read_row),
          .error_bytes = root["error_bytes"][name].number(),
          .truncated = root["truncated"][name].boolean()};
}

void read_tables(D& out, const Node& root) {
  out.apps = root["apps"].list([](const Node& row) {
    return D::App{.app = row["app"].text(), .category = row["category"].text(), .tally = read_tally(row)};
  });
  out.domains = read_table<D::Domain>(root, "domains", [](const Node& row) {
    return D::Domain{.domain = row["domain"].text(), .app = row["app"].text(), .tally = read_tally(row)};
  });
  out.clients = read_table<D::Client>(
      root, "clients", [](const Node& row) { return D::Client{.ip = row["ip"].text(), .tally = read_tally(row)}; });
  out.edges = read_table<D::Edge>(root, "edges", [](const Node& row) {
    return D::Edge{.client = row["src"].text(),
                   .app = row["app"].text(),
                   .domain = row["dst"].text(),
                   .tally = {.bytes = row["bytes"].number(), .blocked = row["blocked"].number()}};
  });
  out.rules = root["rules"].list([](const Node& row) {
    return D::Rule{.id = row["id"].text(),
                   .hits = row["hits"].number(),
                   .packets = row["pkts"].number(),
                   .bytes = row["bytes"].number(),
                   .last_hit = row["last_hit"].timestamp_or_null()};
  });
}

void read_timeline(D::Series& out, const Node& timeline) {
  out.start = timeline["start"].number();
  out.step = timeline["step"].number();
  out.packets = read_numbers(timeline["pkts"]);
  out.bytes = read_numbers(timeline["bytes"]);
  out.blocked = read_numbers(timeline["blocked"]);
  if (out.start > kLastSecond) timeline["start"].fail("is no second before the year 10000");
  if (out.step == 0 || out.step > kLongestStep) timeline["step"].fail("is no number of seconds from 1 to 2^30");
  if (out.packets.size() > Timeline::kMaxSteps) timeline["pkts"].fail("has more than 1024 steps");
  if (out.bytes.size() != out.packets.size()) timeline["bytes"].fail("is not as long as pkts");
  if (out.blocked.size() != out.packets.size()) timeline["blocked"].fail("is not as long as pkts");
}

void read_latency(LatencyHistogram& out, const Node& latency) {
  const auto ends = read_numbers(latency["buckets"]["up_to_ns"]);
  const auto packets = read_numbers(latency["buckets"]["pkts"]);
  if (ends.size() != packets.size()) return latency["buckets"]["pkts"].fail("is not as long as up_to_ns");
  for (std::size_t i = 0; i < ends.size(); ++i) out.add({.end_ns = ends[i], .packets = packets[i]});
  out.at_most(std::chrono::microseconds(latency["max"].number()));
}

// What the library says is wrong, without its own account of the place, and without the bytes themselves.
std::string_view reason_in(std::string_view what) {
  what.remove_prefix(std::min(what.find("error while "), what.size()));
  return what.substr(0, what.find("; last read"));
}

// Line and column of an offset, from 1.
Error at_offset(std::string_view json, std::size_t offset, std::string_view what) {
  const std::string_view before = json.substr(0, offset);
  const auto line_feed = before.rfind('\n');
  return {.message = "is no JSON: " + std::string(reason_in(what)),
          .file = {},
          .line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
          .column = static_cast<std::uint32_t>(offset - (line_feed == before.npos ? 0 : line_feed + 1) + 1)};
}

}  // namespace

Result<StatsDocument> parse_stats(std::string_view json) {
  Json parsed;
  try {
    parsed = Json::parse(json);
  } catch (const Json::parse_error& error) {
    return std::unexpected(at_offset(json, error.byte == 0 ? 0 : error.byte - 1, error.what()));
  }
  std::optional<std::string> problem;
  const Node root(parsed, problem);
  if (root["schema"].text() != kStatsSchema) root["schema"].fail("is not \"netscope.stats/1\"");
  D out;
  read_source(out, root);
  read_counters(out, root["stats"]);
  read_tables(out, root);
  read_timeline(out.timeline, root["timeline"]);
  read_latency(out.latency, root["latency_us"]);
  if (!problem) return out;
  return failure(*problem + "; take a file that this program wrote with --stats-json");
}

}  // namespace netscope
