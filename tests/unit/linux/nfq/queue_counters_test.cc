#include "linux/nfq/queue_counters.h"

#include <gtest/gtest.h>

#include <string>

namespace netscope::nfq {
namespace {

const std::string kTwoQueues =
    "    3  15923    17 2 65531     4     5       99  1\n"
    "65535 4012406071 4294967295 0     0     0     0        0  1\n";

TEST(QueueCounters, AreReadAsTheKernelPrintsThem) {
  const auto queues = parse_queue_counters(kTwoQueues);
  ASSERT_TRUE(queues) << to_string(queues.error());
  EXPECT_EQ(*queues, (std::vector<QueueCounters>{{.number = 3,
                                                  .port = 15923,
                                                  .depth = 17,
                                                  .copy_mode = CopyMode::packet,
                                                  .copy_range = 65531,
                                                  .full_drops = 4,
                                                  .socket_drops = 5,
                                                  .last_id = 99},
                                                 {.number = 65535,
                                                  .port = 4012406071,
                                                  .depth = 4294967295,
                                                  .copy_mode = CopyMode::nothing,
                                                  .copy_range = 0,
                                                  .full_drops = 0,
                                                  .socket_drops = 0,
                                                  .last_id = 0}}));
}

TEST(QueueCounters, AreNoneWhileNobodyHoldsAQueue) {
  const auto queues = parse_queue_counters("");
  ASSERT_TRUE(queues);
  EXPECT_TRUE(queues->empty());
}

TEST(QueueCounters, ColumnsOfLaterKernelsArePassedOver) {
  EXPECT_TRUE(parse_queue_counters("3 1 0 2 65531 0 0 1 1 77 x\n"));
}

TEST(QueueCounters, AnErrorTellsTheLine) {
  const auto queues = parse_queue_counters("3 1 0 2 65531 0 0 1 1\n4 1 0 2 65531 0 0 one 1\n");
  ASSERT_FALSE(queues);
  EXPECT_EQ(queues.error().line, 2u);
  EXPECT_NE(queues.error().file.find("nfnetlink_queue"), std::string::npos);
}

TEST(QueueCounters, NumbersBeyondTheirRangeAreRefused) {
  for (const char* line : {"65536 1 0 2 65531 0 0 1 1\n", "3 4294967296 0 2 65531 0 0 1 1\n", "3 1 0 3 65531 0 0 1 1\n",
                           "3 -1 0 2 65531 0 0 1 1\n", "3 1 0 2 65531 0 0 1\n", "\n", " \n"}) {
    EXPECT_FALSE(parse_queue_counters(line)) << line;
  }
}

TEST(QueueCounters, ATextThatEndsWithinALineIsRefused) {
  for (std::size_t size = 1; size < kTwoQueues.size(); ++size) {
    const std::string cut = kTwoQueues.substr(0, size);
    EXPECT_EQ(parse_queue_counters(cut).has_value(), cut.ends_with('\n')) << size;
  }
}

TEST(QueueCounters, EveryCharacterMayBeAnother) {
  for (std::size_t at = 0; at < kTwoQueues.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = kTwoQueues;
      damaged[at] = static_cast<char>(value);
      const auto queues = parse_queue_counters(damaged);
      EXPECT_TRUE(!queues || queues->size() <= 3);
    }
  }
}

}  // namespace
}  // namespace netscope::nfq
