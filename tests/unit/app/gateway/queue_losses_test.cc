#include "app/gateway/queue_losses.h"

#include <gtest/gtest.h>

#include <array>

namespace netscope {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kLength = 100;

// One gateway with two queues, of which a test says what the kernel counted.
class QueueLossesTest : public testing::Test {
 protected:
  void see(std::optional<QueueLosses::Sent> sent, std::uint64_t missed = 0) {
    losses_.see({.queues = queues_, .sent = sent, .missed = missed, .max_length = kLength}, now_);
    now_ += 3s;
  }
  std::string told() const { return losses_.trouble().value_or(""); }

  std::array<nfq::QueueCounters, 2> queues_{{{.number = 4}, {.number = 5}}};
  QueueLosses losses_;
  QueueLosses::Time now_{};
};

TEST_F(QueueLossesTest, NothingIsLostWhereTheQueuesTookWhatWasSent) {
  for (std::uint32_t i = 1; i <= 10; ++i) {
    queues_[0].last_id = 100 * i;
    queues_[1].last_id = 200 * i;
    queues_[0].depth = kLength - 1;
    see(QueueLosses::Sent{.packets = 300 * i - 7});  // seven came while it was read
  }
  EXPECT_EQ(losses_.passed(), 0u);
  EXPECT_EQ(losses_.dropped(), 0u);
  EXPECT_EQ(told(), "");
}

TEST_F(QueueLossesTest, WhatHasNoIdPassedAFullQueue) {
  queues_[0].last_id = 1000;
  see(QueueLosses::Sent{.packets = 1000});
  see(QueueLosses::Sent{.packets = 1450});
  EXPECT_EQ(losses_.passed(), 450u);
  EXPECT_NE(told().find("about 450 passed unjudged"), std::string::npos) << told();
  queues_[0].last_id = 1100;
  see(QueueLosses::Sent{.packets = 1540});  // ten more came while it was read; what passed has passed
  EXPECT_EQ(losses_.passed(), 450u);
}

TEST_F(QueueLossesTest, WhatHasAnIdAndNeverCamePassedAFullSocket) {
  queues_[0].last_id = 1000;
  see(QueueLosses::Sent{.packets = 1000}, 30);
  EXPECT_EQ(losses_.passed(), 30u);
  EXPECT_NE(told().find("about 30 passed unjudged"), std::string::npos) << told();
}

TEST_F(QueueLossesTest, WhatTheKernelDroppedIsNotSaidToHavePassed) {
  queues_[0] = {.number = 4, .full_drops = 20, .socket_drops = 3, .last_id = 1003};
  see(QueueLosses::Sent{.packets = 1023});
  EXPECT_EQ(losses_.passed(), 0u);
  EXPECT_EQ(losses_.dropped(), 23u);
  EXPECT_NE(told().find(": 23 were dropped;"), std::string::npos) << told();
}

TEST_F(QueueLossesTest, CountersOfTheKernelWrap) {
  queues_[0] = {.number = 4, .full_drops = 0xffffffff, .last_id = 0xffffffff};
  see(QueueLosses::Sent{.packets = 0x1fffffffe});
  queues_[0] = {.number = 4, .full_drops = 1, .last_id = 9};
  see(QueueLosses::Sent{.packets = 0x1fffffffe + 12});
  EXPECT_EQ(losses_.dropped(), 0x100000001u);
  EXPECT_EQ(losses_.passed(), 0u);
}

TEST_F(QueueLossesTest, ATableThatWasPutBackCountsFromZero) {
  queues_[0].last_id = 1000;
  see(QueueLosses::Sent{.packets = 1005});
  queues_[0].last_id = 1200;
  see(std::nullopt);  // it is gone
  see(QueueLosses::Sent{.packets = 100, .table = 1});
  EXPECT_EQ(losses_.passed(), 5u);
  queues_[0].last_id = 1300;
  see(QueueLosses::Sent{.packets = 240, .table = 1});
  EXPECT_EQ(losses_.passed(), 45u);
}

TEST_F(QueueLossesTest, ATroubleEndsAMinuteAfterTheLastLossAndTheNextCountsAnew) {
  see(QueueLosses::Sent{.packets = 50});
  for (auto waited = 3s; waited < QueueLosses::kRemembered; waited += 3s) {
    see(QueueLosses::Sent{.packets = 50});
    EXPECT_NE(told(), "");
  }
  see(QueueLosses::Sent{.packets = 50});
  EXPECT_EQ(told(), "");
  see(QueueLosses::Sent{.packets = 57});
  EXPECT_NE(told().find("about 7 passed"), std::string::npos) << told();
  EXPECT_EQ(losses_.passed(), 57u);
}

TEST_F(QueueLossesTest, AFullQueueIsTroubleWhereNobodyCountsWhatIsSentToIt) {
  queues_[1].depth = kLength;
  see(std::nullopt);
  EXPECT_NE(told().find("a queue is full"), std::string::npos) << told();
  EXPECT_EQ(losses_.passed(), 0u);
}

}  // namespace
}  // namespace netscope
