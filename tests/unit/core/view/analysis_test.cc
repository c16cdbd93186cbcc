#include "netscope/view/analysis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "netscope/output/eve.h"
#include "netscope/output/stats_document.h"
#include "netscope/view/eve_row.h"
#include "netscope/view/row_json.h"
#include "netscope/view/selection.h"
#include "support/project_file.h"

namespace netscope {
namespace {

std::vector<std::uint8_t> home_capture() {
  std::ifstream in(test::project_file("tests/golden/home.pcap"), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::shared_ptr<const RuleSet> rules(std::string_view toml) {
  return std::make_shared<const RuleSet>(
      RuleSet::compile(*parse_policy(toml, "test.toml", Catalogue::built_in()), Catalogue::built_in()));
}

constexpr std::string_view kBlockYouTube = "[[rule]]\nname = 'no-video'\naction = 'drop'\napp = ['YouTube']\n";

Analysis analysed(std::string_view toml, std::size_t piece) {
  Analysis analysis(rules(toml), Tunnels::look_through);
  const std::vector<std::uint8_t> capture = home_capture();
  for (std::size_t at = 0; at < capture.size(); at += piece) {
    EXPECT_TRUE(analysis.feed(Bytes{capture}.subspan(at, std::min(piece, capture.size() - at))));
  }
  EXPECT_TRUE(analysis.end_capture());
  analysis.finish();
  return analysis;
}

std::string document(const RunTotals& totals, const RuleSet& of) {
  return to_json(stats_of_run({.kind = "pcap", .name = "test", .version = "0", .timestamp = Time{}}, totals, {}, of));
}

TEST(Analysis, DoesNotDependOnThePiecesInWhichTheFileComes) {
  const Analysis whole = analysed(kBlockYouTube, 1u << 20), pieces = analysed(kBlockYouTube, 7);
  EXPECT_EQ(document(whole.totals(), whole.rules()), document(pieces.totals(), pieces.rules()));
  ASSERT_EQ(whole.rows().packets().size(), pieces.rows().packets().size());
  for (std::size_t i = 0; i < whole.rows().packets().size(); ++i) {
    EXPECT_EQ(whole.rows().packets()[i].offset, pieces.rows().packets()[i].offset);
  }
}

TEST(Analysis, RowsAddUpToTheEnginesOwnNumbers) {
  const Analysis analysis = analysed(kBlockYouTube, 1u << 20);
  Selection selection;
  selection.select(analysis.rows(), Filter{}, {});
  ASSERT_TRUE(selection.is_everything());
  const RunTotals engine = analysis.totals(), added = totals_of(selection, analysis.rows(), analysis.rules());
  const Statistics &a = engine.statistics, &b = added.statistics;
  EXPECT_GT(a.all.packets, 300u);
  EXPECT_EQ(a.all.packets, b.all.packets);
  EXPECT_EQ(a.all.bytes, b.all.bytes);
  EXPECT_EQ(a.dropped.packets, b.dropped.packets);
  EXPECT_GT(b.dropped.packets, 0u);
  EXPECT_EQ(a.flows_total, b.flows_total);
  EXPECT_EQ(a.flows, b.flows);
  EXPECT_EQ(a.rules[0].flows, b.rules[0].flows);
  EXPECT_EQ(a.rules[0].matched.packets, b.rules[0].matched.packets);
  EXPECT_EQ(a.domains.top(100).size(), b.domains.top(100).size());
  EXPECT_EQ(a.domains.top(1)[0].first, b.domains.top(1)[0].first);
  EXPECT_EQ(a.domains.top(1)[0].second.bytes, b.domains.top(1)[0].second.bytes);
  EXPECT_EQ(a.timeline.steps().size(), b.timeline.steps().size());
}

TEST(Analysis, ASelectionHoldsTheFilteredFlowsAndTheirPackets) {
  const Analysis analysis = analysed(kBlockYouTube, 1u << 20);
  Selection selection;
  selection.select(analysis.rows(), *Filter::parse("app:YouTube blocked"), {});
  ASSERT_FALSE(selection.flows().empty());
  for (const FlowIndex flow : selection.flows()) {
    const FlowRow& row = analysis.rows().flows()[flow];
    EXPECT_EQ(analysis.rows().texts()[row.app], "YouTube");
    EXPECT_EQ(row.decision.action, Action::drop);
    EXPECT_NE(why(row, analysis.rows().texts(), analysis.rules()).find("application YouTube of"), std::string::npos);
  }
  ASSERT_FALSE(selection.packets().empty());
  for (const std::uint32_t packet : selection.packets()) {
    EXPECT_EQ(analysis.rows().packets()[packet].action, Action::drop);
  }
}

TEST(Analysis, ASelectionHoldsThePacketsThatTheFilterHoldsForOneByOne) {
  const Analysis analysis = analysed(kBlockYouTube, 1u << 20);
  for (const char* const text : {"proto:icmp", "proto:udp", "proto:tls", "not proto:tcp", "blocked", "size>200",
                                 "domain:youtube.com or proto:icmp"}) {
    const auto filter = Filter::parse(text);
    ASSERT_TRUE(filter) << text;
    FilterMatcher matcher(*filter, analysis.rows());
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < analysis.rows().packets().size(); ++i) {
      if (matcher.matches(analysis.rows().packets()[i])) expected.push_back(i);
    }
    Selection selection;
    selection.select(analysis.rows(), *filter, {});
    EXPECT_FALSE(expected.empty()) << text;
    EXPECT_TRUE(std::ranges::equal(selection.packets(), expected)) << text;
  }
}

TEST(Analysis, AnEventOfARowIsTheEventThatMadeIt) {
  const Analysis analysis = analysed(kBlockYouTube, 1u << 20);
  FlowRow copy;
  Texts texts;
  for (const FlowRow& row : analysis.rows().flows()) {
    std::string line, again;
    append_eve(line, event_of(row, analysis.rows().texts()), analysis.rules(), EventOrigin::gateway);
    // Through the API and back.
    ASSERT_TRUE(fill_from_json(copy, line, Catalogue::built_in(), texts)) << line;
    copy.decision.rule = row.decision.rule;
    copy.shown.alpn = texts.id_of(analysis.rows().texts()[row.shown.alpn]);
    copy.shown.tls_version = row.shown.tls_version;
    copy.shown.encrypted = row.shown.encrypted;
    copy.start = row.start;  // the line tells microseconds
    copy.end = row.end;
    append_eve(again, event_of(copy, texts), analysis.rules(), EventOrigin::gateway);
    EXPECT_EQ(line, again);
  }
}

TEST(Analysis, FlowsAreSortedByEachColumn) {
  const Analysis analysis = analysed("", 1u << 20);
  Selection selection;
  selection.select(analysis.rows(), Filter{}, {});
  const auto& flows = analysis.rows().flows();
  selection.sort_flows(analysis.rows(), FlowColumn::bytes, SortOrder::descending);
  for (std::size_t i = 1; i < selection.flows().size(); ++i) {
    EXPECT_GE(flows[selection.flows()[i - 1]].all_bytes(), flows[selection.flows()[i]].all_bytes());
  }
  selection.sort_flows(analysis.rows(), FlowColumn::start, SortOrder::ascending);
  for (std::size_t i = 1; i < selection.flows().size(); ++i) {
    EXPECT_LE(flows[selection.flows()[i - 1]].start, flows[selection.flows()[i]].start);
  }
}

TEST(Analysis, ACutOffCaptureKeepsWhatCameBefore) {
  std::vector<std::uint8_t> capture = home_capture();
  capture.resize(capture.size() - 5);
  Analysis analysis(rules(""), Tunnels::look_through);
  ASSERT_TRUE(analysis.feed(capture));
  const auto ended = analysis.end_capture();
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message.find("cut off"), std::string::npos);
  analysis.finish();
  EXPECT_GT(analysis.rows().packets().size(), 300u);
}

TEST(Analysis, SeveralCapturesAreOneView) {
  Analysis analysis(rules(""), Tunnels::look_through);
  const std::vector<std::uint8_t> capture = home_capture();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(analysis.feed(capture));
    ASSERT_TRUE(analysis.end_capture());
  }
  analysis.finish();
  const auto& packets = analysis.rows().packets();
  ASSERT_EQ(packets.size() % 2, 0u);
  EXPECT_EQ(packets[0].offset, packets[packets.size() / 2].offset);
  EXPECT_EQ(packets.back().file, 1);
}

TEST(LiveRow, WrongJsonIsRefused) {
  Texts texts;
  FlowRow row;
  for (const std::string_view wrong : {"", "[", "{", "nonsense", "{\"flow_id\":\"x\"}", "{\"src_ip\":5}", "{} {}"}) {
    EXPECT_FALSE(fill_from_json(row, wrong, Catalogue::built_in(), texts)) << wrong;
  }
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "{\"a\":";
  EXPECT_FALSE(fill_from_json(row, deep, Catalogue::built_in(), texts));
}

}  // namespace
}  // namespace netscope
