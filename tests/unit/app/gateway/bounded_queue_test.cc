#include "app/gateway/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace netscope {
namespace {

TEST(BoundedQueue, hands_over_in_order) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.offer(1, 1));
  EXPECT_TRUE(queue.offer(2, 1));
  EXPECT_EQ(queue.take(), 1);
  EXPECT_EQ(queue.take(), 2);
}

TEST(BoundedQueue, takes_its_limit_and_not_one_more) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.offer(1, 4));
  EXPECT_TRUE(queue.offer(2, 6));
  EXPECT_FALSE(queue.offer(3, 1));
  EXPECT_EQ(queue.take(), 1);
  EXPECT_TRUE(queue.offer(4, 4));
  EXPECT_FALSE(queue.offer(5, 1));
}

TEST(BoundedQueue, an_item_heavier_than_the_limit_is_refused) {
  BoundedQueue<int> queue(10);
  EXPECT_FALSE(queue.offer(1, 11));
  EXPECT_TRUE(queue.offer(1, 10));
}

TEST(BoundedQueue, what_is_there_can_be_taken_after_the_close) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.offer(1, 1));
  queue.close();
  EXPECT_FALSE(queue.offer(2, 1));
  EXPECT_FALSE(queue.closed_and_empty());
  EXPECT_EQ(queue.take(), 1);
  EXPECT_TRUE(queue.closed_and_empty());
  EXPECT_EQ(queue.take(), std::nullopt);
}

TEST(BoundedQueue, a_wake_returns_without_an_item) {
  BoundedQueue<int> queue(10);
  queue.wake();
  EXPECT_EQ(queue.take(), std::nullopt);
  EXPECT_FALSE(queue.closed_and_empty());
}

TEST(BoundedQueue, what_many_threads_offer_arrives_or_is_refused) {
  constexpr int kThreads = 4, kItems = 5000;
  BoundedQueue<int> queue(100);
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kItems; ++i) refused += queue.offer(i, 1) ? 0 : 1;
    });
  }
  int taken = 0;
  std::thread reader([&] {
    while (queue.take()) ++taken;
  });
  for (std::thread& thread : threads) thread.join();
  queue.close();
  reader.join();
  EXPECT_EQ(taken + refused, kThreads * kItems);
}

}  // namespace
}  // namespace netscope
