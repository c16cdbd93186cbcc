#include "netscope/engine/statistics.h"

#include <gtest/gtest.h>

#include <numeric>

namespace netscope {
namespace {

using std::chrono::seconds;

constexpr Time kBegin{seconds{1'700'000'000}};

std::uint64_t packets_of(const Timeline& timeline) {
  return std::accumulate(timeline.steps().begin(), timeline.steps().end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Timeline::Step& step) { return sum + step.all.packets; });
}

TEST(Timeline, CountsEachSecond) {
  Timeline timeline;
  timeline.add(kBegin, 100, false);
  timeline.add(kBegin + std::chrono::milliseconds{999}, 50, true);
  timeline.add(kBegin + seconds{2}, 10, false);
  ASSERT_EQ(timeline.steps().size(), 3u);
  EXPECT_EQ(timeline.start_seconds(), 1'700'000'000);
  EXPECT_EQ(timeline.step_seconds(), 1u);
  EXPECT_EQ(timeline.steps()[0].all.packets, 2u);
  EXPECT_EQ(timeline.steps()[0].all.bytes, 150u);
  EXPECT_EQ(timeline.steps()[0].blocked, 1u);
  EXPECT_EQ(timeline.steps()[1].all.packets, 0u);
}

TEST(Timeline, KeepsTheLimitOfStepsAndHalvesItsResolutionForOneMore) {
  Timeline timeline;
  for (std::size_t i = 0; i < Timeline::kMaxSteps; ++i) timeline.add(kBegin + seconds{i}, 1, i % 2 == 0);
  EXPECT_EQ(timeline.steps().size(), Timeline::kMaxSteps);
  EXPECT_EQ(timeline.step_seconds(), 1u);
  timeline.add(kBegin + seconds{Timeline::kMaxSteps}, 1, false);
  EXPECT_EQ(timeline.step_seconds(), 2u);
  EXPECT_EQ(timeline.steps().size(), Timeline::kMaxSteps / 2 + 1);
  EXPECT_EQ(timeline.steps()[0].all.packets, 2u);
  EXPECT_EQ(timeline.steps()[0].blocked, 1u);
  EXPECT_EQ(packets_of(timeline), Timeline::kMaxSteps + 1);
}

TEST(Timeline, WhatLiesBeforeTheFirstPacketCountsInItsStep) {
  Timeline timeline;
  timeline.add(kBegin, 1, false);
  timeline.add(kBegin - seconds{100}, 1, false);
  ASSERT_EQ(timeline.steps().size(), 1u);
  EXPECT_EQ(timeline.steps()[0].all.packets, 2u);
}

TEST(Timeline, TheEndsOfTimeAreBounded) {
  for (const bool early_first : {true, false}) {
    Timeline timeline;
    timeline.add(early_first ? Time::min() : kBegin, 1, false);
    timeline.add(Time::max(), 1, false);
    timeline.add(kBegin, 1, false);
    EXPECT_LE(timeline.steps().size(), Timeline::kMaxSteps);
    EXPECT_EQ(packets_of(timeline), 3u);
  }
}

TEST(Timeline, MergedIsTheSameInEitherOrder) {
  Timeline early, late;
  for (int i = 0; i < 10; ++i) early.add(kBegin + seconds{i}, 1, false);
  for (int i = 5; i < 2000; ++i) late.add(kBegin + seconds{i}, 2, true);
  Timeline one = early, other = late;
  one.merge(late);
  other.merge(early);
  EXPECT_EQ(one.start_seconds(), other.start_seconds());
  EXPECT_EQ(one.step_seconds(), other.step_seconds());
  EXPECT_EQ(packets_of(one), 10u + 1995u);
  ASSERT_EQ(one.steps().size(), other.steps().size());
  for (std::size_t i = 0; i < one.steps().size(); ++i) {
    EXPECT_EQ(one.steps()[i].all.packets, other.steps()[i].all.packets) << i;
    EXPECT_EQ(one.steps()[i].blocked, other.steps()[i].blocked) << i;
  }
}

TEST(Timeline, MergingNothingChangesNothing) {
  Timeline timeline;
  timeline.merge({});
  EXPECT_TRUE(timeline.steps().empty());
  timeline.add(kBegin, 1, false);
  timeline.merge({});
  EXPECT_EQ(packets_of(timeline), 1u);
}

TEST(RuleTally, KeepsTheLatestHit) {
  RuleTally one{.flows = 1, .matched = {.packets = 2, .bytes = 3}, .last_hit = kBegin};
  one += {.flows = 1, .matched = {.packets = 1, .bytes = 1}, .last_hit = kBegin - seconds{1}};
  EXPECT_EQ(one.flows, 2u);
  EXPECT_EQ(one.matched.packets, 3u);
  EXPECT_EQ(one.last_hit, kBegin);
}

TEST(Statistics, OfTwoWorkersAddUp) {
  Statistics one(2, 3), two(2, 3);
  for (Statistics* each : {&one, &two}) {
    each->all.add(100);
    each->dropped.add(40);
    each->rejected.add(2);
    each->reasons.flow_drop = 3;
    each->flows[1] = 4;
    each->messages[2] = 5;
    each->protocols[1] += {.packets = 1, .bytes = 2, .flows = 3, .blocked = 4};
    each->rules[1].flows = 6;
    each->apps[2].flows = 7;
    each->given_up = 8;
    each->domains.add("example.org", {.bytes = 9});
  }
  one.merge(two);
  EXPECT_EQ(one.all.packets, 2u);
  EXPECT_EQ(one.all.bytes, 200u);
  EXPECT_EQ(one.blocked_packets(), 4u);
  EXPECT_EQ(one.blocked_bytes(), 84u);
  EXPECT_EQ(one.reasons.flow_drop, 6u);
  EXPECT_EQ(one.flows[1], 8u);
  EXPECT_EQ(one.messages[2], 10u);
  EXPECT_EQ(one.protocols[1].blocked, 8u);
  EXPECT_EQ(one.rules[1].flows, 12u);
  EXPECT_EQ(one.apps[2].flows, 14u);
  EXPECT_EQ(one.given_up, 16u);
  EXPECT_EQ(one.domains.top(1)[0].second.bytes, 18u);
}

}  // namespace
}  // namespace netscope
