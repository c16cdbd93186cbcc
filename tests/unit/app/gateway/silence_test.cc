#include "app/gateway/silence.h"

#include <gtest/gtest.h>

#include <vector>

namespace netscope {
namespace {

using namespace std::chrono_literals;

const std::vector<Obstacle> kMissing{
    {.weight = Obstacle::Weight::whole, .what = "interface lan9 is not there", .remedy = "name another"}};
const std::vector<Obstacle> kHint{
    {.weight = Obstacle::Weight::hint, .what = "the bridge hides packets", .remedy = "load a module"}};
constexpr QueueRange kQueues{.first = 0, .last = 3};

class SilenceTest : public testing::Test {
 protected:
  // Looks once a second, as the gateway does; all that was logged.
  std::vector<Silence::Line> wait(std::chrono::seconds time, const std::vector<Obstacle>& obstacles = {},
                                  const LiveSettings& settings = {}) {
    std::vector<Silence::Line> lines;
    for (auto waited = 0s; waited < time; waited += 1s) {
      now_ += 1s;
      if (!silence_.is_long(packets_, now_)) continue;
      if (auto line = silence_.explain(obstacles, settings, kQueues)) lines.push_back(std::move(*line));
    }
    return lines;
  }

  Silence::Time now_{};
  std::uint64_t packets_ = 0;
  Silence silence_{now_};
};

TEST_F(SilenceTest, AnIdleGatewaySaysSoOnceInARunAndIsWell) {
  EXPECT_TRUE(wait(9s).empty());
  const auto lines = wait(600s);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::info);
  for (int packet = 0; packet < 20; ++packet) {  // as at night
    ++packets_;
    EXPECT_TRUE(wait(30s).empty());
  }
  EXPECT_FALSE(silence_.trouble());
}

TEST_F(SilenceTest, TrafficIsNoSilence) {
  for (int second = 0; second < 60; ++second) {
    ++packets_;
    EXPECT_TRUE(wait(1s, kMissing).empty());
  }
}

TEST_F(SilenceTest, WhatIsInTheWayIsATroubleUntilAPacketComes) {
  const auto lines = wait(60s, kMissing);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::warning);
  EXPECT_EQ(lines[0].text, "no packet has come since the start: interface lan9 is not there; name another");
  EXPECT_EQ(silence_.trouble(), lines[0].text);
  ++packets_;
  EXPECT_TRUE(wait(1s).empty());
  EXPECT_FALSE(silence_.trouble());
}

TEST_F(SilenceTest, WhatComesIntoTheWayLaterIsToldToo) {
  ++packets_;
  ASSERT_EQ(wait(15s).size(), 1u);
  ++packets_;
  const auto lines = wait(15s, kMissing);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text, "no packets come any more: interface lan9 is not there; name another");
}

TEST_F(SilenceTest, AHintIsInformationAndExplainsNothingWherePacketsCame) {
  const auto lines = wait(60s, kHint);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::info);
  EXPECT_NE(lines[0].text.find("load a module"), std::string::npos);
  EXPECT_FALSE(silence_.trouble());
  Silence later(now_);
  EXPECT_FALSE(later.is_long(1, now_));
  EXPECT_TRUE(later.is_long(1, now_ + 10s));
  EXPECT_EQ(later.explain(kHint, {}, kQueues)->text.find("module"), std::string::npos);
}

TEST_F(SilenceTest, WithoutATableTheRulesMayBeMissing) {
  LiveSettings settings;
  settings.backend = Backend::none;
  const auto lines = wait(60s, {}, settings);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, LogLevel::warning);
  EXPECT_NE(lines[0].text.find("queues 0-3"), std::string::npos) << lines[0].text;
  EXPECT_TRUE(silence_.trouble());
  ++packets_;  // they are there
  const auto later = wait(60s, {}, settings);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].level, LogLevel::info);
  EXPECT_FALSE(silence_.trouble());
}

TEST(OneDirection, IsTheTroubleOfAWindowInWhichMostAnswerWhatNobodySaw) {
  OneDirection direction;
  OneDirection::Time now{};
  direction.see(1000, 0, now);
  direction.see(1040, 40, now += 30s);
  EXPECT_FALSE(direction.trouble()) << "too few to say anything";
  direction.see(1060, 59, now += 29s);  // the window that went on
  ASSERT_TRUE(direction.trouble());
  EXPECT_TRUE(direction.trouble()->starts_with("59 of 60 TCP packets")) << *direction.trouble();
  direction.see(1060, 59, now += 300s);
  EXPECT_TRUE(direction.trouble()) << "nothing came that would say otherwise";
  direction.see(2060, 100, now += 30s);
  EXPECT_FALSE(direction.trouble());
}

TEST(OneDirection, IsNotWhereConnectionsArePickedUpUnderWay) {
  OneDirection direction;
  OneDirection::Time now{};
  direction.see(0, 0, now);
  direction.see(1000, 500, now += 30s);
  EXPECT_FALSE(direction.trouble());
  direction.see(1100, 551, now += 30s);
  EXPECT_TRUE(direction.trouble());
}

}  // namespace
}  // namespace netscope
