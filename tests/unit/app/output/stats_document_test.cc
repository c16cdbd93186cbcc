#include "app/output/stats_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace netscope {
namespace {

constexpr const char* kNoon = "2026-11-23T12:00:00.000000+0000";

StatsDocument document(const std::string& name) {
  StatsDocument out;
  out.source = {.kind = "pcap", .name = name, .host = "", .version = "1", .timestamp = kNoon};
  return out;
}

std::string merged(const std::vector<StatsDocument>& documents) {
  return to_json(merge_stats(documents));
}

std::string problem_of(std::string json) {
  const auto parsed = parse_stats(json);
  return parsed ? "none" : to_string(parsed.error());
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(StatsDocument, IsReadAsItWasWritten) {
  StatsDocument out = document("in.pcap");
  for (std::size_t i = 0; i < out.counters.size(); ++i) out.counters[i] = 7 + i;
  out.counters.back() = kMaxStatsNumber;
  out.queues = {{.id = 2, .depth = 1, .drops = 5}};
  out.apps = {{.app = "YouTube", .category = "video", .tally = {.packets = 1, .bytes = 2, .flows = 3, .blocked = 4}}};
  out.domains.rows = {{.domain = "b\xc3\xbc"
                                 "cher.example \"q\"",
                       .app = "",
                       .tally = {.bytes = 9}}};
  out.domains.error_bytes = 4;
  out.domains.truncated = true;
  out.rules = {{.id = "one", .hits = 1, .packets = 2, .bytes = 3, .last_hit = kNoon}, {.id = "never", .last_hit = ""}};
  out.timeline = {.start = 1700000000, .step = 2, .packets = {1, 2}, .bytes = {3, 4}, .blocked = {0, 1}};
  out.latency.add(std::chrono::microseconds(3), 5);
  out.latency.add(std::chrono::milliseconds(2), 1);
  const std::string json = to_json(out);
  const auto read = parse_stats(json);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(to_json(*read), json);
}

TEST(StatsDocument, TellsTheGatewaysNameWhereThereIsOne) {
  StatsDocument out = document("queues 0-3");
  EXPECT_EQ(to_json(out).find("\"host\""), std::string::npos);
  out.source.host = "attic";
  const auto read = parse_stats(to_json(out));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->source.host, "attic");
  EXPECT_NE(merged({out, document("in.pcap")}).find("\"host\":\"attic\""), std::string::npos);
}

TEST(StatsDocument, OfOneIsItself) {
  const StatsDocument one = document("in.pcap");
  EXPECT_EQ(merged({one}), to_json(one));
}

TEST(StatsDocument, SaysWhereItIsNoJson) {
  EXPECT_TRUE(problem_of("{\n \"schema\": }").starts_with("line 2:12: is no JSON: "))
      << problem_of("{\n \"schema\": }");
  EXPECT_TRUE(problem_of("").starts_with("line 1:1: is no JSON: "));
  EXPECT_TRUE(problem_of("{\"schema\":\"\xff\"}").starts_with("line 1:"));
  EXPECT_NE(problem_of(std::string(1'000'000, '[')), "none");  // does not exhaust the stack
}

TEST(StatsDocument, SaysWhichMemberIsWrong) {
  const std::string good = to_json([] {
    StatsDocument out = document("in.pcap");
    out.rules = {{.id = "one", .last_hit = kNoon}};
    out.timeline = {.start = 1, .step = 1, .packets = {1}, .bytes = {1}, .blocked = {0}};
    return out;
  }());
  ASSERT_EQ(problem_of(good), "none");
  struct Case {
    const char *what, *by, *says;
  };
  for (const auto& [what, by, says] : std::initializer_list<Case>{
           {"netscope.stats/1", "netscope.stats/2", "schema is not \"netscope.stats/1\"; take a file"},
           {"\"pkts\":0", "\"pkts\":-1", "stats.decoder.pkts is no whole number from 0 to 2^53"},
           {"\"pkts\":0", "\"pkts\":1.5", "stats.decoder.pkts is no whole"},
           {"\"pkts\":0", "\"pkts\":9007199254740993", "stats.decoder.pkts is no whole"},
           {"\"pkts\":0", "\"packets\":0", "stats.decoder.pkts is missing"},
           {"\"stats\":{", "\"stats\":7,\"other\":{", "stats is no object"},
           {"\"queues\":[]", "\"queues\":{}", "stats.capture.queues is no list"},
           {"\"queues\":[]", "\"queues\":[{\"id\":1}]", "stats.capture.queues[0].depth is missing"},
           {"\"last_hit\":\"2026", "\"last_hit\":\"20x6", "rules[0].last_hit is no time like"},
           {"\"start\":1,", "\"start\":253402300800,", "timeline.start is no second before the year 10000"},
           {"\"step\":1,", "\"step\":0,", "timeline.step is no number of seconds"},
           {"\"step\":1,", "\"step\":1073741825,", "timeline.step is no number of seconds"},
           {"\"blocked\":[0]", "\"blocked\":[]", "timeline.blocked is not as long as pkts"},
           {"\"up_to_ns\":[]", "\"up_to_ns\":[1]", "latency_us.buckets.pkts is not as long as up_to_ns"},
           {"\"domains\":false", "\"domains\":0", "truncated.domains is neither true nor false"}}) {
    EXPECT_TRUE(problem_of(replaced(good, what, by)).starts_with(says)) << problem_of(replaced(good, what, by));
  }
}

TEST(StatsDocument, TakesAsManyStepsAsATimelineHasAndNotOneMore) {
  StatsDocument out = document("in.pcap");
  const std::vector<std::uint64_t> most(Timeline::kMaxSteps, 1), more(Timeline::kMaxSteps + 1, 1);
  out.timeline = {.start = 1, .step = 1, .packets = most, .bytes = most, .blocked = most};
  EXPECT_EQ(problem_of(to_json(out)), "none");
  out.timeline = {.start = 1, .step = 1, .packets = more, .bytes = more, .blocked = more};
  EXPECT_TRUE(problem_of(to_json(out)).starts_with("timeline.pkts has more than 1024 steps"));
}

TEST(StatsMerge, AddsSeriesByTheirSecond) {
  StatsDocument one = document("one"), other = document("other");
  one.timeline = {.start = 100, .step = 1, .packets = {1, 2, 3}, .bytes = {1, 2, 3}, .blocked = {0, 0, 1}};
  other.timeline = {.start = 102, .step = 2, .packets = {10, 20}, .bytes = {10, 20}, .blocked = {5, 6}};
  const StatsDocument sum = merge_stats(std::vector{one, other});
  EXPECT_EQ(sum.timeline.start, 100u);
  EXPECT_EQ(sum.timeline.step, 2u);
  EXPECT_EQ(sum.timeline.packets, (std::vector<std::uint64_t>{3, 13, 20}));
  EXPECT_EQ(sum.timeline.blocked, (std::vector<std::uint64_t>{0, 6, 6}));
}

TEST(StatsMerge, WidensStepsUntilTheSpanFits) {
  StatsDocument one = document("one"), other = document("other");
  one.timeline = {.start = 0, .step = 1, .packets = {1}, .bytes = {1}, .blocked = {0}};
  other.timeline = {.start = 253'402'300'799, .step = 1, .packets = {2}, .bytes = {2}, .blocked = {0}};
  const StatsDocument sum = merge_stats(std::vector{one, other});
  EXPECT_LE(sum.timeline.packets.size(), Timeline::kMaxSteps);
  EXPECT_EQ(sum.timeline.packets.front(), 1u);
  EXPECT_EQ(sum.timeline.packets.back(), 2u);
}

TEST(StatsMerge, OfLatenciesIsThatOfAllPackets) {
  StatsDocument one = document("one"), other = document("other"), all = document("all");
  std::minstd_rand random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::chrono::nanoseconds latency(random() % 5'000'000);
    (i % 3 == 0 ? one : other).latency.add(latency, 1);
    all.latency.add(latency, 1);
  }
  const auto latency_in = [](const std::string& json) {
    return json.substr(json.find("latency_us"), json.find("truncated\":{\"dom") - json.find("latency_us"));
  };
  const auto restored = [](const StatsDocument& document) { return *parse_stats(to_json(document)); };
  EXPECT_EQ(latency_in(merged({restored(one), restored(other)})), latency_in(to_json(all)));
}

TEST(StatsMerge, TellsWhatItWasMadeOfHoweverItWasMade) {
  const std::vector<StatsDocument> three{document("a"), document("b"), document("c")};
  const StatsDocument two = merge_stats(std::span(three).first(2));
  const StatsDocument sum = merge_stats(std::vector{three[2], two});
  EXPECT_EQ(sum.source.name, "3 sources");
  EXPECT_EQ(sum.merged, merge_stats(three).merged);
  StatsDocument live = document("a");
  live.source.kind = "live";
  EXPECT_EQ(merge_stats(std::vector{live, three[1]}).source.kind, "mixed");
}

// Names with very different weights, more than a document shows: what each source saw, its document, and the truth.
struct Sources {
  std::vector<StatsDocument> documents;
  std::map<std::string, std::uint64_t> truth;
};

Sources many_names(std::size_t table_size) {
  Sources out;
  std::minstd_rand random(11);
  for (int source = 0; source < 3; ++source) {
    TopTable<std::string, NameHash> table(table_size);
    for (int i = 0; i < 20'000; ++i) {
      const auto rank = static_cast<unsigned>(1000.0 / (1.0 + static_cast<double>(random() % 1000)));
      const std::string name = "n" + std::to_string((rank + static_cast<unsigned>(source) * 7) % 1000 * 31 % 1009 +
                                                    random() % (1 + static_cast<unsigned>(source) * 100));
      const std::uint64_t bytes = 1 + random() % 1500;
      table.add(name, {.packets = 1, .bytes = bytes, .flows = 1});
      out.truth[name] += bytes;
    }
    StatsDocument shown = document("source " + std::to_string(source));
    for (const auto& [name, tally] : table.top(kStatsRows)) shown.domains.rows.push_back({name, "", tally});
    shown.domains.error_bytes = table.error_bytes();
    shown.domains.truncated = !table.exact() || table.size() > kStatsRows;
    out.documents.push_back(shown);
  }
  return out;
}

void expect_within_bound(const StatsDocument& sum, const std::map<std::string, std::uint64_t>& truth) {
  std::map<std::string, std::uint64_t> rows;
  for (const auto& row : sum.domains.rows) rows[row.domain] = row.tally.bytes;
  ASSERT_EQ(rows.size(), kStatsRows);
  ASSERT_TRUE(sum.domains.truncated);
  for (const auto& [name, bytes] : truth) {
    if (const auto row = rows.find(name); row != rows.end()) {
      EXPECT_LE(row->second, bytes) << name;
      EXPECT_GE(row->second + sum.domains.error_bytes, bytes) << name;
    } else {
      EXPECT_LE(bytes, sum.domains.rows.back().tally.bytes + sum.domains.error_bytes) << name;
    }
  }
}

TEST(StatsMerge, KeepsTheStatedBoundOfTables) {
  for (const std::size_t table_size : {kWorkerTableSize, std::size_t{256}}) {  // exact tables, and such that forgot
    const auto [documents, truth] = many_names(table_size);
    const StatsDocument sum = merge_stats(documents);
    expect_within_bound(sum, truth);
    EXPECT_GT(sum.domains.error_bytes, 0u);
    // A sum of sums is within its own bound, too.
    expect_within_bound(merge_stats(std::vector{merge_stats(std::span(documents).first(2)), documents[2]}), truth);
  }
}

TEST(StatsMerge, IsTheSameInAnyOrder) {
  auto [documents, truth] = many_names(256);
  documents[0].rules = {{.id = "b", .hits = 1, .last_hit = kNoon}, {.id = "a", .hits = 2, .last_hit = ""}};
  documents[1].rules = {{.id = "a", .hits = 3, .last_hit = kNoon}};
  documents[2].queues = {{.id = 1, .depth = 1, .drops = 1}};
  documents[0].queues = {{.id = 1, .depth = 2, .drops = 2}, {.id = 0, .depth = 0, .drops = 0}};
  const std::string sum = merged(documents);
  for (const auto& order : {std::array{0, 2, 1}, std::array{1, 0, 2}, std::array{2, 1, 0}}) {
    std::vector<StatsDocument> shuffled;
    for (const int i : order) shuffled.push_back(documents[static_cast<std::size_t>(i)]);
    EXPECT_EQ(merged(shuffled), sum);
  }
}

TEST(StatsMerge, SurvivesADocumentThatShowsANameTwice) {
  StatsDocument twice = document("twice"), other = document("other");
  twice.domains = {.rows = {{"a", "", {.bytes = 5}}, {"a", "", {.bytes = 3}}}, .error_bytes = 9, .truncated = true};
  const StatsDocument sum = merge_stats(std::vector{twice, other});
  ASSERT_EQ(sum.domains.rows.size(), 1u);
  EXPECT_EQ(sum.domains.rows[0].tally.bytes, 8u);
  EXPECT_EQ(sum.domains.error_bytes, 9u);
}

}  // namespace
}  // namespace netscope
