#include "netscope/view/trial.h"

#include <gtest/gtest.h>

#include "netscope/policy/rule_set.h"

namespace netscope {
namespace {

class TrialTest : public testing::Test {
 protected:
  static RuleSet rules(std::string_view toml) {
    return RuleSet::compile(*parse_policy(toml, "test.toml", Catalogue::built_in()), Catalogue::built_in());
  }
  static RuleSet blocking(std::string_view domain) {
    return rules("[[rule]]\nname = \"mine\"\naction = \"drop\"\ndomain = [\"" + std::string(domain) + "\"]\n");
  }

  FlowRow& add(std::initializer_list<std::string_view> names, std::string_view rule = "default",
               Protocol shown_by = Protocol::tls) {
    FlowRow& row = rows_.flow(rows_.add_flow());
    row.client = {.address = *IpAddress::parse("192.168.1.20"), .port = 40000};
    row.server = {.address = *IpAddress::parse("203.0.113.9"), .port = 443};
    row.ip_protocol = ip_protocol::tcp;
    row.protocol = Protocol::tls;
    row.rule = rows_.texts().id_of(rule);
    for (const std::string_view name : names) row.shown.names.push_back({rows_.texts().id_of(name), shown_by});
    return row;
  }

  Rows rows_;
};

using Indexes = std::vector<FlowIndex>;

TEST_F(TrialTest, TellsWhatTheDraftChanges) {
  add({"www.youtube.com"});
  add({"example.org"}, "mine");
  add({"github.com"});
  const Trial trial = try_rules(rows_, blocking("example.org"), blocking("youtube.com"));
  EXPECT_EQ(trial.newly_blocked, Indexes{0});
  EXPECT_EQ(trial.newly_allowed, Indexes{1});
  EXPECT_EQ(trial.unchanged, 1u);
}

TEST_F(TrialTest, EachNameOfAFlowMayBlockIt) {
  add({"a.example", "b.example", "c.example"});
  EXPECT_EQ(try_rules(rows_, rules(""), blocking("b.example")).newly_blocked, Indexes{0});
  EXPECT_TRUE(judge(blocking("b.example"), rows_.flows()[0], rows_.texts()).blocks());
  EXPECT_FALSE(judge(blocking("d.example"), rows_.flows()[0], rows_.texts()).blocks());
}

TEST_F(TrialTest, WhatWasDecidedByHandStays) {
  add({"example.org"}, "by hand 1: block example.org");
  const Trial trial = try_rules(rows_, rules(""), blocking("example.org"));
  EXPECT_TRUE(trial.newly_blocked.empty());
  EXPECT_EQ(trial.unchanged, 1u);
}

TEST_F(TrialTest, FlowsWithoutANameAreJudgedByTheRest) {
  add({});
  add({}).server.port = 80;
  const RuleSet draft =
      rules("[[rule]]\nname = \"web\"\naction = \"reject\"\nport = [80]\nsrc = [\"192.168.1.0/24\"]\n");
  EXPECT_EQ(try_rules(rows_, rules(""), draft).newly_blocked, Indexes{1});
}

TEST_F(TrialTest, NamesOfDnsAnswersCountWhereTheyAreAskedFor) {
  add({"example.org"}, "default", Protocol::unknown);
  EXPECT_TRUE(try_rules(rows_, rules(""), blocking("example.org")).newly_blocked.empty());
  const RuleSet draft =
      rules("[[rule]]\nname = \"x\"\naction = \"drop\"\ndomain = [\"example.org\"]\nby = [\"dns\"]\n");
  EXPECT_EQ(try_rules(rows_, rules(""), draft).newly_blocked, Indexes{0});
}

TEST_F(TrialTest, ServicesAreProtocolsToo) {
  add({"dns.example"}).service = Protocol::doh;
  add({"example.org"});
  const RuleSet draft = rules("[[rule]]\nname = \"x\"\naction = \"drop\"\nproto = [\"doh\"]\n");
  EXPECT_EQ(try_rules(rows_, rules(""), draft).newly_blocked, Indexes{0});
}

TEST_F(TrialTest, FingerprintsAndHiddenNamesAreAskedFor) {
  add({}).shown.ja4 = rows_.texts().id_of("t13d1516h2_8daaf6152771_02713d6af862");
  add({}).shown.encrypted = true;
  EXPECT_EQ(try_rules(rows_, rules(""),
                      rules("[[rule]]\nname = \"x\"\naction = \"drop\"\nja4 = [\"t13d1516h2_8daaf6152771\"]\n"))
                .newly_blocked,
            Indexes{0});
  EXPECT_EQ(try_rules(rows_, rules(""), rules("[policy]\nech = \"drop\"\n")).newly_blocked, Indexes{1});
}

}  // namespace
}  // namespace netscope
