#include "app/explain.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace netscope {
namespace {

RuleSet rules(std::string_view toml) {
  auto policy = parse_policy(toml, "r.toml", Catalogue::built_in());
  EXPECT_TRUE(policy.has_value());
  return RuleSet::compile(policy.value_or(Policy{}), Catalogue::built_in());
}

TEST(Explain, TellsTheConditionThatFits) {
  const RuleSet set = rules(
      "[[rule]]\nname='a'\naction='drop'\ndomain=['other.example','*.example.org']\n"
      "[[rule]]\nname='b'\naction='drop'\ndomain=['=example.org']\n");
  const Explanation below = explain(set, "www.example.org");
  EXPECT_EQ(below.decides, 0u);
  EXPECT_EQ(below.answers[0].because, "domain *.example.org");
  EXPECT_EQ(below.answers[1].holds, RuleAnswer::Holds::unasked);
  const Explanation itself = explain(set, "example.org");
  EXPECT_EQ(itself.decides, 1u);
  EXPECT_EQ(itself.answers[1].because, "domain =example.org");
  EXPECT_EQ(explain(set, "notexample.org").decides, kDefaultPolicy);
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
    const RuleSet set = rules(toml);
    for (const std::string_view name : kNames) {
      const Question question{
          .protocol = Protocol::tls, .name = name, .app = set.catalogue().find(name), .final = true};
      const RuleIndex expected = set.decide(question)->rule;
      ASSERT_EQ(explain(set, name).decides, expected) << toml << name;
      decided += expected != kDefaultPolicy ? 1 : 0;
    }
  }
  EXPECT_GT(decided, 300);
}

}  // namespace
}  // namespace netscope
