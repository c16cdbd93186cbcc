// The statistics document (netscope.stats/1) as plain data: made of a run, written, added up.
//
// A document shows the heaviest rows of each table. `error_bytes` says how many bytes a row may lack at most. What has
// no row, where `truncated` says that there is such, has at most as many bytes as the last row and `error_bytes`
// together. Both stay true for the sum of documents: a row lacks what it lacked in the documents that show it, and in
// each other one what a name without a row may have there.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/engine/statistics.h"
#include "netscope/output/kernel_view.h"
#include "netscope/output/run_totals.h"
#include "netscope/output/stats_counters.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

inline constexpr std::string_view kStatsSchema = "netscope.stats/1";
// Rows of each table that a reader gets; the tables behind them are longer.
inline constexpr std::size_t kStatsRows = 100;
// Documents that are added up at once; sums of so many stay far below 2^64.
inline constexpr std::size_t kMaxStatsDocuments = 1000;
// Numbers above would not be exact in every reader of JSON.
inline constexpr std::uint64_t kMaxStatsNumber = std::uint64_t{1} << 53;

struct StatsOrigin {
  std::string kind;     // "pcap", "live", or "mixed"
  std::string name;     // the file, the place, or "3 sources"
  std::string host;     // the gateway's own name; empty: none was told
  std::string version;  // of the program that wrote it
  std::string timestamp;
  bool simulated = false;
  auto operator<=>(const StatsOrigin&) const = default;
};

// A table of the heaviest keys.
template <class Row>
struct StatsTable {
  std::vector<Row> rows;  // by bytes, the most first
  std::uint64_t error_bytes = 0;
  bool truncated = false;
};

struct StatsDocument {
  struct Queue {
    std::uint64_t id = 0, depth = 0, drops = 0;
  };
  struct App {
    std::string app, category;
    Tally tally;
  };
  struct Domain {
    std::string domain, app;
    Tally tally;
  };
  struct Client {
    std::string ip;
    Tally tally;
  };
  struct Edge {
    std::string client, app, domain;
    Tally tally;  // bytes and blocked alone
  };
  struct Rule {
    std::string id;
    std::uint64_t hits = 0, packets = 0, bytes = 0;
    std::string last_hit;  // empty: never
  };
  // One series of numbers a step, all as long.
  struct Series {
    std::uint64_t start = 0, step = 1;  // seconds
    std::vector<std::uint64_t> packets, bytes, blocked;
  };

  StatsOrigin source;
  std::vector<StatsOrigin> merged;  // what a sum was made of; empty: of nothing but itself
  double uptime = 0;                // seconds; of a sum the longest

  std::array<std::uint64_t, kStatsCounters.size()> counters{};  // by their places in kStatsCounters
  std::vector<Queue> queues;

  std::vector<App> apps;
  StatsTable<Domain> domains;
  StatsTable<Client> clients;
  StatsTable<Edge> edges;
  std::vector<Rule> rules;
  Series timeline;
  LatencyHistogram latency;
};

// Who makes a document, and when.
struct StatsSource {
  std::string_view kind;     // "pcap" or "live"
  std::string_view name;     // the file, or the place
  std::string_view host{};   // the gateway's own name; empty: none
  std::string_view version;  // of the program
  Time timestamp;
};
StatsDocument stats_of_run(const StatsSource& source, const RunTotals& run, const KernelView& kernel,
                           const RuleSet& rules);

// With a line feed at the end.
std::string to_json(const StatsDocument& document);

// The sum of one document or more, of which no two orders give different answers: counters and series add up, tables
// join by their keys, rules by their names, latencies by bucket; of `uptime`, `timestamp` and `last_hit` the greatest
// stays. Steps of a timeline become as long as the longest, and longer where the span needs it.
StatsDocument merge_stats(std::span<const StatsDocument> documents);

}  // namespace netscope
