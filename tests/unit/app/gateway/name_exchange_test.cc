#include "app/gateway/name_exchange.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace netscope {
namespace {

NameAnswer answer(std::size_t number) {
  return {.client = {}, .names = {std::to_string(number)}, .addresses = {}, .learned = {}};
}
std::string taken(NameExchange& exchange, std::size_t worker) {
  std::string out;
  exchange.take(worker, [&](const auto& told) { out += told.names.front() + " "; });
  return out;
}

TEST(NameExchange, TellsAllOthersInOrder) {
  NameExchange exchange(3);
  exchange.tell(0, answer(1));
  exchange.tell(0, answer(2));
  EXPECT_EQ(taken(exchange, 0), "");
  EXPECT_EQ(taken(exchange, 1), "1 2 ");
  EXPECT_EQ(taken(exchange, 2), "1 2 ");
  EXPECT_EQ(taken(exchange, 1), "");
}

TEST(NameExchange, AloneThereIsNobodyToTell) {
  NameExchange exchange(1);
  exchange.tell(0, answer(1));
  EXPECT_EQ(taken(exchange, 0), "");
  EXPECT_EQ(exchange.lost(), 0u);
}

TEST(NameExchange, WhatFindsARingFullIsCountedAndLeft) {
  NameExchange exchange(2);
  for (std::size_t i = 0; i < kWaitingAnswers; ++i) exchange.tell(0, answer(i));
  EXPECT_EQ(exchange.lost(), 0u);
  exchange.tell(0, answer(kWaitingAnswers));
  EXPECT_EQ(exchange.lost(), 1u);
  EXPECT_TRUE(taken(exchange, 1).ends_with(" " + std::to_string(kWaitingAnswers - 1) + " "));
  exchange.tell(0, answer(7));
  EXPECT_EQ(taken(exchange, 1), "7 ");
}

// Under the thread sanitizer this shows that nothing is shared but through the ring.
TEST(PairRing, HandsEverythingOverInOrderAndWithoutALock) {
  constexpr std::size_t kItems = 20'000;
  PairRing<std::string, 8> ring;
  std::thread writer([&] {
    for (std::size_t i = 0; i < kItems; ++i) {
      while (!ring.offer(std::to_string(i))) std::this_thread::yield();
    }
  });
  std::size_t received = 0, out_of_order = 0;
  while (received < kItems) {
    ring.take_all([&](const std::string& item) { out_of_order += item == std::to_string(received++) ? 0 : 1; });
    std::this_thread::yield();
  }
  writer.join();
  EXPECT_EQ(out_of_order, 0u);
}

}  // namespace
}  // namespace netscope
