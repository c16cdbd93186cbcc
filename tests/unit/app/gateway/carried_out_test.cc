#include "app/gateway/carried_out.h"

#include <gtest/gtest.h>

namespace netscope {
namespace {

using namespace std::chrono_literals;

class CarriedOutTest : public testing::Test {
 protected:
  void see(const CarriedOut::Reading& reading) { carried_out_.see(reading, now_ += 3s); }

  CarriedOut carried_out_;
  CarriedOut::Time now_{};
};

TEST_F(CarriedOutTest, NothingIsMissingWhereTheRulesStopWhatWasAnswered) {
  for (std::uint64_t i = 1; i <= 20; ++i) {
    // Some of it is in flight, and the rules are read later than the workers.
    see({.answered = 100 * i, .rejected = 10 * i, .stopped = 110 * i - 30});
    see({.answered = 100 * i, .rejected = 10 * i, .stopped = 110 * i + 50});
  }
  EXPECT_EQ(carried_out_.missing(), 0u);
  EXPECT_FALSE(carried_out_.trouble());
}

TEST_F(CarriedOutTest, WhatTheRulesNeverSawIsMissing) {
  see({.answered = 40, .rejected = 10, .stopped = 45});
  EXPECT_EQ(carried_out_.missing(), 0u) << "it may be on its way";
  see({.answered = 40, .rejected = 10, .stopped = 45});
  EXPECT_EQ(carried_out_.missing(), 5u);
  ASSERT_TRUE(carried_out_.trouble());
  EXPECT_TRUE(carried_out_.trouble()->starts_with("5 packets")) << *carried_out_.trouble();
  for (auto waited = 0s; waited < CarriedOut::kRemembered; waited += 3s) {
    EXPECT_TRUE(carried_out_.trouble());
    see({.answered = 40, .rejected = 10, .stopped = 45});
  }
  EXPECT_FALSE(carried_out_.trouble());
  EXPECT_EQ(carried_out_.missing(), 5u);
}

TEST_F(CarriedOutTest, AnAnswerThatTheKernelRefusedStopsNothing) {
  see({.answered = 40});
  see({.answered = 40, .refused = 7, .stopped = 33});
  EXPECT_EQ(carried_out_.missing(), 0u);
}

TEST_F(CarriedOutTest, ATableThatWasPutBackCountsAnew) {
  see({.answered = 1000, .refused = 3, .rejected = 500, .stopped = 1490});
  see({.answered = 1000, .refused = 3, .rejected = 500, .stopped = 1490});
  EXPECT_EQ(carried_out_.missing(), 7u);
  see({.answered = 1200, .refused = 3, .rejected = 1, .stopped = 5, .table = 1});
  see({.answered = 1210, .refused = 3, .rejected = 2, .stopped = 16, .table = 1});
  see({.answered = 1230, .refused = 3, .rejected = 5, .stopped = 39, .table = 1});
  EXPECT_EQ(carried_out_.missing(), 7u);
  see({.answered = 1330, .refused = 3, .rejected = 5, .stopped = 39, .table = 1});
  see({.answered = 1330, .refused = 3, .rejected = 5, .stopped = 39, .table = 1});
  EXPECT_EQ(carried_out_.missing(), 7u + 89u);  // 123 were to be stopped, and at most 34 were
}

}  // namespace
}  // namespace netscope
