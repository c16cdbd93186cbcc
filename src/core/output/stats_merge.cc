// How documents add up, and why the bound that the sum states holds: see stats_document.h.

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

#include "netscope/output/stats_document.h"

namespace netscope {
namespace {

using D = StatsDocument;
using Documents = std::span<const StatsDocument>;

void merge_source(D& sum, Documents documents) {
  std::set<std::string> kinds;
  for (const D& document : documents) {
    kinds.insert(document.source.kind);
    if (document.merged.empty()) sum.merged.push_back(document.source);
    sum.merged.insert(sum.merged.end(), document.merged.begin(), document.merged.end());
    sum.source.simulated = sum.source.simulated || document.source.simulated;
    sum.source.version = std::max(sum.source.version, document.source.version);
    sum.source.timestamp = std::max(sum.source.timestamp, document.source.timestamp);
    sum.uptime = std::max(sum.uptime, document.uptime);
  }
  std::ranges::sort(sum.merged);
  sum.source.kind = kinds.size() == 1 ? *kinds.begin() : "mixed";
  sum.source.name = std::to_string(sum.merged.size()) + " sources";
}

void merge_queues(D& sum, Documents documents) {
  std::map<std::uint64_t, D::Queue> queues;
  for (const D& document : documents) {
    for (const D::Queue& added : document.queues) {
      D::Queue& queue = queues[added.id];
      queue.id = added.id;
      queue.depth += added.depth;
      queue.drops += added.drops;
    }
  }
  for (const auto& queue : queues | std::views::values) sum.queues.push_back(queue);
}

// What tells rows apart; an application's category, and a domain's application, are those of the newest catalogue in
// the order of the words where two differ.
std::string key_of(const D::App& row) {
  return row.app;
}
std::string key_of(const D::Domain& row) {
  return row.domain;
}
std::string key_of(const D::Client& row) {
  return row.ip;
}
std::tuple<std::string, std::string, std::string> key_of(const D::Edge& row) {
  return {row.client, row.app, row.domain};
}
void join_words(D::App& row, const D::App& added) {
  row.category = std::max(row.category, added.category);
}
void join_words(D::Domain& row, const D::Domain& added) {
  row.app = std::max(row.app, added.app);
}
void join_words(D::Client&, const D::Client&) {}
void join_words(D::Edge&, const D::Edge&) {}

// The bytes that a key without a row may have had.
template <class Row>
std::uint64_t unseen(const StatsTable<Row>& table) {
  if (!table.truncated) return 0;
  const auto bytes_of = [](const Row& row) { return row.tally.bytes; };
  const auto lightest = std::ranges::min_element(table.rows, {}, bytes_of);
  return table.error_bytes + (lightest == table.rows.end() ? 0 : lightest->tally.bytes);
}

template <class Row>
void sort_rows(std::vector<Row>& rows) {
  std::ranges::sort(rows, [](const Row& a, const Row& b) {
    return a.tally.bytes != b.tally.bytes ? a.tally.bytes > b.tally.bytes : key_of(a) < key_of(b);
  });
}

template <class Row>
void merge_table(StatsTable<Row> D::* table, D& sum, Documents documents) {
  struct Joined {
    Row row;
    const D* last = nullptr;   // that shows it
    std::uint64_t lacks = 0;   // in the documents that show it
    std::uint64_t unseen = 0;  // what it might have had there without a row
  };
  using Key = decltype(key_of(std::declval<Row>()));
  std::map<Key, Joined> joined;
  std::uint64_t all_unseen = 0;
  StatsTable<Row>& out = sum.*table;
  for (const D& document : documents) {
    const StatsTable<Row>& added = document.*table;
    const std::uint64_t unseen_here = unseen(added);
    all_unseen += unseen_here;
    out.truncated = out.truncated || added.truncated;
    for (const Row& row : added.rows) {
      auto [found, is_new] = joined.try_emplace(key_of(row), Joined{.row = row});
      Joined& known = found->second;
      if (!is_new) known.row.tally += row.tally;
      join_words(known.row, row);
      if (std::exchange(known.last, &document) == &document) continue;  // a key that a document shows twice
      known.lacks += added.error_bytes;
      known.unseen += unseen_here;
    }
  }
  for (auto& entry : joined | std::views::values) {
    out.error_bytes = std::max(out.error_bytes, entry.lacks + all_unseen - entry.unseen);
    out.rows.push_back(std::move(entry.row));
  }
  sort_rows(out.rows);
  if (out.rows.size() <= kStatsRows) return;
  out.rows.resize(kStatsRows);
  out.truncated = true;
}

void merge_apps(D& sum, Documents documents) {
  std::map<std::string, D::App> apps;
  for (const D& document : documents) {
    for (const D::App& added : document.apps) {
      auto [found, is_new] = apps.try_emplace(added.app, added);
      if (!is_new) found->second.tally += added.tally;
      join_words(found->second, added);
    }
  }
  for (auto& app : apps | std::views::values) sum.apps.push_back(std::move(app));
  sort_rows(sum.apps);
}

void merge_rules(D& sum, Documents documents) {
  std::map<std::string, D::Rule> rules;
  for (const D& document : documents) {
    for (const D::Rule& added : document.rules) {
      D::Rule& rule = rules[added.id];
      rule.id = added.id;
      rule.hits += added.hits;
      rule.packets += added.packets;
      rule.bytes += added.bytes;
      rule.last_hit = std::max(rule.last_hit, added.last_hit);
    }
  }
  for (auto& rule : rules | std::views::values) sum.rules.push_back(std::move(rule));
}

void merge_timelines(D::Series& sum, Documents documents) {
  std::uint64_t start = UINT64_MAX, last = 0;  // second of the first step, and of the last
  for (const D& document : documents) {
    const D::Series& added = document.timeline;
    if (added.packets.empty()) continue;
    start = std::min(start, added.start);
    last = std::max(last, added.start + (added.packets.size() - 1) * added.step);
    sum.step = std::max(sum.step, added.step);
  }
  if (start == UINT64_MAX) return;
  sum.start = start;
  while ((last - start) / sum.step >= Timeline::kMaxSteps) sum.step *= 2;
  const std::size_t size = (last - start) / sum.step + 1;
  for (auto* series : {&sum.packets, &sum.bytes, &sum.blocked}) series->resize(size);
  for (const D& document : documents) {
    const D::Series& added = document.timeline;
    for (std::size_t i = 0; i < added.packets.size(); ++i) {
      const std::size_t step = (added.start + i * added.step - start) / sum.step;
      sum.packets[step] += added.packets[i];
      sum.bytes[step] += added.bytes[i];
      sum.blocked[step] += added.blocked[i];
    }
  }
}

}  // namespace

StatsDocument merge_stats(std::span<const StatsDocument> documents) {
  if (documents.size() == 1) return documents[0];
  D sum;
  merge_source(sum, documents);
  for (const D& document : documents) {
    for (std::size_t i = 0; i < sum.counters.size(); ++i) sum.counters[i] += document.counters[i];
    sum.latency += document.latency;
  }
  merge_queues(sum, documents);
  merge_apps(sum, documents);
  merge_table(&D::domains, sum, documents);
  merge_table(&D::clients, sum, documents);
  merge_table(&D::edges, sum, documents);
  merge_rules(sum, documents);
  merge_timelines(sum.timeline, documents);
  return sum;
}

}  // namespace netscope
