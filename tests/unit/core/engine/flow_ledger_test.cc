// What the ledger counts and tells of flows: without a packet being judged.
#include "core/engine/flow_ledger.h"

#include <gtest/gtest.h>

#include <numeric>

namespace netscope {
namespace {

class FlowLedgerTest : public testing::Test {
 protected:
  explicit FlowLedgerTest(const WorkerOptions& options = {.flow_capacity = 64,
                                                          .flow_id_base = 3,
                                                          .recording = {.flows = true, .open_flows = true}})
      : ledger_(rules_, options, table_) {}

  Flow& flow(std::uint64_t number, std::uint32_t packets) {
    Headers headers;
    headers.source = *IpAddress::parse("192.168.1.20");
    headers.destination = *IpAddress::parse("203.0.113.9");
    headers.source_port = static_cast<std::uint16_t>(40000 + number);
    headers.destination_port = 443;
    headers.ip_protocol = ip_protocol::tcp;
    const DirectedKey key = flow_key(headers);
    Flow& made = table_.create(key.key, table_.hash_of(key.key), Time{std::chrono::seconds{1}});
    table_.record_of(made).first_number = number;
    made.client = key.direction;
    go_on(made, packets);
    return made;
  }
  static void go_on(Flow& flow, std::uint32_t packets) {
    flow.packets[index_of(flow.client)] += packets;
    flow.bytes[index_of(flow.client)] += std::uint64_t{100} * packets;
  }
  static void show(Flow& flow, std::string_view name) {
    if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
    flow.shown->names.push_back({std::string(name), Protocol::tls});
  }
  std::uint64_t counted_packets_of(AppId app) const { return ledger_.statistics().apps[app].packets; }

  RuleSet rules_ = RuleSet::compile(Policy{}, Catalogue::built_in());
  FlowTable table_{64, 0, IdleTimeouts{}};
  FlowLedger ledger_;
};

TEST_F(FlowLedgerTest, EachPacketCountsOnceHoweverOftenOpenFlowsAreCounted) {
  Flow& open = flow(1, 4);
  open.app = 2;
  ledger_.count_open(0, 64);
  ledger_.count_open(0, 64);
  go_on(open, 3);
  ledger_.count_open(0, 64);
  ledger_.close(open, EndReason::closed);
  EXPECT_EQ(counted_packets_of(2), 7u);
  EXPECT_EQ(ledger_.statistics().apps[2].flows, 1u);
  EXPECT_EQ(ledger_.statistics().flows_total, 1u);
  const auto& states = ledger_.statistics().flows;
  EXPECT_EQ(std::accumulate(states.begin(), states.end(), std::uint64_t{0}), 1u) << "in one state at a time";
}

TEST_F(FlowLedgerTest, WhatCameBeforeTheApplicationWasKnownIsItsOwnToo) {
  Flow& open = flow(1, 4);
  ledger_.count_open(0, 64);
  open.app = 5;
  go_on(open, 1);
  ledger_.close(open, EndReason::closed);
  EXPECT_EQ(counted_packets_of(5), 5u);
}

TEST_F(FlowLedgerTest, AFlowThatEndsIsToldWithWhatItShowed) {
  Flow& ended = flow(9, 2);
  show(ended, "a.example");
  show(ended, "b.example");
  ended.shown->hello.alpn = "h2";
  ledger_.close(ended, EndReason::evicted);
  const std::vector<Event> events = ledger_.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, EventKind::flow);
  EXPECT_EQ(events[0].number, 9u);
  EXPECT_EQ(events[0].flow_id, std::uint64_t{3} << 41 | 9) << "the worker's own ids";
  EXPECT_TRUE(events[0].timed_out);
  EXPECT_EQ(events[0].packets_to_server, 2u);
  ASSERT_EQ(events[0].shown.names.size(), 2u);
  EXPECT_EQ(events[0].shown.hello.alpn, "h2");
  EXPECT_EQ(ledger_.statistics().evicted, 1u);
  EXPECT_EQ(ledger_.statistics().evicted_pending, 1u) << "nobody had judged it";
}

TEST_F(FlowLedgerTest, AnOpenFlowIsToldAndKeepsWhatItShowed) {
  Flow& open = flow(1, 2);
  open.last_seen = Time{std::chrono::seconds{5}};
  show(open, "a.example");
  std::vector<Event> told;
  ledger_.tell(0, 64, Time{std::chrono::seconds{5}}, told);
  EXPECT_TRUE(told.empty()) << "nothing new since";
  ledger_.tell(0, 64, Time{std::chrono::seconds{4}}, told);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].shown.names.front().name, "a.example");
  EXPECT_EQ(open.shown->names.size(), 1u);
}

TEST_F(FlowLedgerTest, AnUndecidedFlowNamesNoRule) {
  Flow& undecided = flow(1, 1);
  undecided.rule = 7;  // of an earlier question
  std::vector<Event> told;
  ledger_.tell(0, 64, Time{}, told);
  EXPECT_FALSE(told.at(0).decided);
  EXPECT_EQ(told.at(0).decision.rule, kDefaultPolicy);
}

TEST_F(FlowLedgerTest, CountersFollowTheNameOfTheirRule) {
  const auto rules_of = [](std::string_view toml) {
    return RuleSet::compile(parse_policy(toml, "test.toml", Catalogue::built_in()).value(), Catalogue::built_in());
  };
  const RuleSet before =
      rules_of("[[rule]]\nname='a'\naction='drop'\nport=[1]\n[[rule]]\nname='b'\naction='drop'\nport=[2]\n");
  const RuleSet now =
      rules_of("[[rule]]\nname='b'\naction='drop'\nport=[3]\n[[rule]]\nname='c'\naction='drop'\nport=[4]\n");
  FlowLedger ledger(before, {.flow_capacity = 64}, table_);
  Flow& decided = flow(1, 1);
  ledger.decided(decided, {}, {.action = Action::drop, .rule = 1}, {});
  ledger.follow_rules(before, now);
  ASSERT_EQ(ledger.statistics().rules.size(), 2u);
  EXPECT_EQ(ledger.statistics().rules[0].flows, 1u);
  EXPECT_EQ(ledger.statistics().rules[1].flows, 0u);
}

}  // namespace
}  // namespace netscope
