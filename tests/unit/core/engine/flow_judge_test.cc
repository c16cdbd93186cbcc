// How a flow stands after what it showed: the judge without a packet.
#include "core/engine/flow_judge.h"

#include <gtest/gtest.h>

#include <memory>

namespace netscope {
namespace {

class FlowJudgeTest : public testing::Test {
 protected:
  void judge_by(std::string_view toml) {
    rules_ = std::make_shared<const RuleSet>(
        RuleSet::compile(parse_policy(toml, "test.toml", Catalogue::built_in()).value(), Catalogue::built_in()));
    ledger_ = std::make_unique<FlowLedger>(*rules_, options_, table_);
    judge_ = std::make_unique<FlowJudge>(rules_, options_, table_, *ledger_);
  }

  // Another flow at each call.
  Flow& flow(std::uint8_t protocol = ip_protocol::tcp) {
    Headers headers;
    headers.source = *IpAddress::parse("192.168.1.20");
    headers.destination = *IpAddress::parse("203.0.113.9");
    headers.source_port = next_port_++;
    headers.destination_port = 443;
    headers.ip_protocol = protocol;
    const DirectedKey key = flow_key(headers);
    Flow& made = table_.create(key.key, table_.hash_of(key.key), Time{});
    made.client = key.direction;
    made.client_known = true;
    return made;
  }

  static Sighting hello(std::string_view name) {
    Sighting sighting;
    sighting.protocol = Protocol::tls;
    sighting.side = Sighting::Side::client;
    sighting.name = HostName::from_authority(name);
    return sighting;
  }

  const WorkerOptions options_{.flow_capacity = 64, .recording = {.messages = true}};
  FlowTable table_{64, 0, IdleTimeouts{}};
  std::shared_ptr<const RuleSet> rules_;
  std::unique_ptr<FlowLedger> ledger_;
  std::unique_ptr<FlowJudge> judge_;
  std::uint16_t next_port_ = 40000;
};

constexpr std::string_view kDropName = "[[rule]]\nname='x'\naction='drop'\ndomain=['blocked.example']\n";

TEST_F(FlowJudgeTest, AFlowIsUndecidedUntilItsNameIsKnown) {
  judge_by(kDropName);
  Flow& asked = flow();
  judge_->ask(asked, {});
  EXPECT_EQ(asked.standing, Standing::undecided);
  EXPECT_EQ(asked.deciding_rule(), kDefaultPolicy);
  EXPECT_EQ(asked.rule, kNoRule);
}

TEST_F(FlowJudgeTest, ABlockByNameHoldsForGoodAndAnAcceptedNameForThisPacket) {
  judge_by(kDropName);
  Flow& blocked = flow();
  judge_->hear(blocked, {}, blocked.client, hello("www.blocked.example"));
  EXPECT_TRUE(blocked.blocked_for_good());
  EXPECT_EQ(blocked.rule, 0u);
  Flow& allowed = flow();
  judge_->hear(allowed, {}, allowed.client, hello("allowed.example"));
  EXPECT_EQ(allowed.standing, Standing::this_packet);
  EXPECT_FALSE(allowed.blocked());
  judge_->finish_facts(allowed, {});
  EXPECT_EQ(allowed.standing, Standing::whole_flow);
  EXPECT_TRUE(allowed.facts_are_final());
}

TEST_F(FlowJudgeTest, ABlockIsNeverTakenBackByALaterName) {
  judge_by(kDropName);
  Flow& both = flow();
  judge_->hear(both, {}, both.client, hello("blocked.example"));
  judge_->hear(both, {}, both.client, hello("allowed.example"));
  EXPECT_TRUE(both.blocked_for_good());
}

TEST_F(FlowJudgeTest, AServersHelloShowsAProtocolAndWhoIsTheClient) {
  judge_by(kDropName);
  Flow& turned = flow();
  turned.client_known = false;
  const Direction server = turned.client;
  Sighting answer = hello("");
  answer.side = Sighting::Side::server;
  judge_->hear(turned, {}, server, answer);
  EXPECT_EQ(turned.client, opposite(server));
  EXPECT_EQ(turned.protocol, Protocol::tls);
  EXPECT_FALSE(turned.decided());
}

TEST_F(FlowJudgeTest, WhatIsUnknownIsBlockedOnlyWhereTheRulesBlockIt) {
  judge_by("[policy]\ndefault='drop'\n[[rule]]\nname='x'\naction='accept'\ndomain=['allowed.example']\n");
  Flow& nameless = flow();
  judge_->block_if_unknown_is_blocked(nameless, {});
  EXPECT_TRUE(nameless.blocked());
  EXPECT_EQ(nameless.facts, Facts::open) << "asking as if does not make it so";
  judge_by(kDropName);
  Flow& passes = flow();
  judge_->block_if_unknown_is_blocked(passes, {});
  EXPECT_FALSE(passes.decided()) << "an acceptance has to wait for the server's answer";
}

TEST_F(FlowJudgeTest, OtherRulesTakeAFlowThatWasCutShortForFinal) {
  judge_by(kDropName);
  Flow& blocked = flow();
  judge_->hear(blocked, {}, blocked.client, hello("blocked.example"));
  blocked.facts = Facts::cut_short;
  judge_->swap_rules(std::make_shared<const RuleSet>(RuleSet::compile(Policy{}, Catalogue::built_in())));
  judge_->judge_again(blocked);
  EXPECT_EQ(blocked.facts, Facts::final);
  EXPECT_EQ(blocked.standing, Standing::whole_flow);
  EXPECT_FALSE(blocked.blocked());
}

TEST_F(FlowJudgeTest, ARuleCountsAFlowOnceAndTellsOfItsBlock) {
  judge_by(kDropName);
  Flow& blocked = flow();
  const Moment moment{.time = Time{std::chrono::seconds{7}}, .number = 12, .size = 600};
  judge_->hear(blocked, moment, blocked.client, hello("blocked.example"));
  judge_->hear(blocked, moment, blocked.client, hello("blocked.example"));
  EXPECT_EQ(ledger_->statistics().rules[0].flows, 1u);
  const std::vector<Event> events = ledger_->take_events();
  ASSERT_EQ(events.size(), 3u);  // the block, and the hello, twice
  EXPECT_EQ(events[0].kind, EventKind::drop);
  EXPECT_EQ(events[0].time, moment.time);
  EXPECT_EQ(events[0].number, 12u);
  EXPECT_EQ(events[0].size, 600u);
  EXPECT_EQ(events[0].shown.names.front().name, "blocked.example");
  EXPECT_EQ(events[1].kind, EventKind::message);
}

}  // namespace
}  // namespace netscope
