#include "netscope/policy/explain.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace netscope {
namespace {

RuleSet rules_of(std::string_view toml) {
  auto policy = parse_policy(toml, "r.toml", Catalogue::built_in());
  EXPECT_TRUE(policy.has_value());
  return RuleSet::compile(policy.value_or(Policy{}), Catalogue::built_in());
}

TEST(Explain, TellsTheConditionThatFits) {
  const RuleSet set = rules_of(
      "[[rule]]\nname='a'\naction='drop'\ndomain=['other.example','*.example.org']\n"
      "[[rule]]\nname='b'\naction='drop'\ndomain=['=example.org']\n");
  const Explanation below = explain(set, "www.example.org");
  EXPECT_EQ(below.decides, 0u);
  ASSERT_EQ(below.answers[0].because.size(), 1u);
  EXPECT_EQ(below.answers[0].because[0].key, "domain");
  EXPECT_EQ(below.answers[0].because[0].value, "*.example.org");
  EXPECT_EQ(below.answers[1].holds, RuleAnswer::Holds::unasked);
  const Explanation itself = explain(set, "example.org");
  EXPECT_EQ(itself.decides, 1u);
  ASSERT_EQ(itself.answers[1].because.size(), 1u);
  EXPECT_EQ(itself.answers[1].because[0].value, "=example.org");
  EXPECT_EQ(explain(set, "notexample.org").decides, kDefaultPolicy);
}

TEST(Explain, ARuleOnTheEndsWaitsForWhatMightDecideOtherwiseAboveIt) {
  const RuleSet set = rules_of(
      "[[rule]]\nname='ads'\naction='drop'\ndomain=['ads.example']\n"
      "[[rule]]\nname='watch'\naction='log'\ndomain=['example.org']\n"
      "[[rule]]\nname='near'\naction='drop'\ndst=['203.0.113.1']\n"
      "[[rule]]\nname='homework'\naction='accept'\ndomain=['school.example']\nsrc=['192.168.20.0/24']\nport=[443]\n"
      "[[rule]]\nname='far'\naction='drop'\ndst=['203.0.113.2']\n"
      "[[rule]]\nname='mail'\naction='reject'\nport=[25, 465]\n"
      "[[rule]]\nname='guests'\naction='drop'\nsrc=['192.168.30.0/24', '192.168.31.0/24']\n"
      "[[rule]]\nname='web'\naction='reject'\nport=[80, '440-450']\n"
      "[[rule]]\nname='time'\naction='accept'\nport=[123]\n");
  EXPECT_EQ(waits_for(set, 2), std::nullopt) << "what lies above would drop as well, or only counts";
  EXPECT_EQ(waits_for(set, 4), 3u);
  EXPECT_EQ(waits_for(set, 5), std::nullopt) << "not of those ports";
  EXPECT_EQ(waits_for(set, 6), std::nullopt) << "not of those clients";
  EXPECT_EQ(waits_for(set, 7), 3u) << "of one of its ports";
  EXPECT_EQ(waits_for(set, 8), 0u) << "an accepting rule waits for one that blocks";
  EXPECT_EQ(waits_for(set, 0), std::nullopt) << "it asks for a name itself";
}

TEST(Explain, SaysWhatItWouldHaveToKnow) {
  const RuleSet set = rules_of(
      "[[rule]]\nname='a'\naction='drop'\napp=['YouTube']\nsrc=['192.168.20.0/24']\nproto=['tls']\nport=[443]\n"
      "[[rule]]\nname='b'\naction='drop'\nja4=['t13d1516h2']\n");
  const Explanation explanation = explain(set, "www.youtube.com");
  EXPECT_EQ(explanation.decides, kDefaultPolicy);
  EXPECT_EQ(explanation.answers[0].holds, RuleAnswer::Holds::maybe);
  EXPECT_EQ(explanation.answers[0].where, (std::vector<std::string>{"src 192.168.20.0/24", "port 443", "proto tls"}));
  EXPECT_EQ(explanation.answers[1].holds, RuleAnswer::Holds::maybe);
  EXPECT_EQ(explanation.answers[1].where, std::vector<std::string>{"ja4 t13d1516h2"});
}

TEST(Explain, ANameMayBeOfAnotherSourceThanARuleAsksFor) {
  const RuleSet set = rules_of(
      "[[rule]]\nname='answers'\naction='drop'\ndomain=['a.example']\nby=['dns']\n"
      "[[rule]]\nname='hosts'\naction='drop'\ndomain=['a.example']\nby=['host']\n"
      "[[rule]]\nname='all'\naction='drop'\ndomain=['a.example']\nby=['dns', 'query', 'host', 'sni']\n");
  const Explanation explanation = explain(set, "a.example");
  EXPECT_EQ(explanation.answers[0].holds, RuleAnswer::Holds::maybe);
  EXPECT_EQ(explanation.answers[0].where, std::vector<std::string>{"by dns"});
  EXPECT_EQ(explanation.answers[1].where, std::vector<std::string>{"by host"});
  EXPECT_EQ(explanation.decides, 2u);
}

TEST(Explain, NamesTheEntriesOfTheCatalogueAbove) {
  const RuleSet set = rules_of("");
  const Explanation explanation = explain(set, "www.youtube.com");
  ASSERT_EQ(explanation.catalogue.size(), 1u);
  EXPECT_EQ(explanation.catalogue[0].domain, "youtube.com");
  EXPECT_EQ(set.catalogue().apps()[explanation.catalogue[0].app].name, "YouTube");
}

// What it says is what the compiled rules do.
TEST(Explain, DecidesAsTheCompiledRulesDo) {
  constexpr std::array<std::string_view, 6> kConditions{"app=['YouTube']",        "category=['video','social']",
                                                        "domain=['youtube.com']", "domain=['*.example.org']",
                                                        "domain=['=tiktok.com']", "domain=['com']\ncategory=['games']"};
  constexpr std::array<std::string_view, 8> kNames{"www.youtube.com", "music.youtube.com", "example.org",
                                                   "a.example.org",   "tiktok.com",        "www.tiktok.com",
                                                   "roblox.com",      "nothing.test"};
  constexpr std::array<std::string_view, 4> kActions{"accept", "drop", "reject", "log"};
  int decided = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::string toml;
    for (int i = 0; i < 5; ++i) {
      toml += "[[rule]]\nname='r" + std::to_string(i) + "'\naction='" + std::string(kActions[random() % 4]) + "'\n" +
              std::string(kConditions[random() % kConditions.size()]) + "\n";
    }
    const RuleSet set = rules_of(toml);
    for (const std::string_view name : kNames) {
      Question question = set.question({});
      question.protocol = Protocol::tls;
      question.final = true;
      set.name(question, name, NameSource::sni);
      const RuleIndex expected = set.decide(question)->rule;
      ASSERT_EQ(explain(set, name).decides, expected) << toml << name;
      decided += expected != kDefaultPolicy ? 1 : 0;
    }
  }
  EXPECT_GT(decided, 300);
}

}  // namespace
}  // namespace netscope
