#include "netscope/engine/top_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace netscope {
namespace {

struct Mixed {
  std::size_t operator()(std::uint32_t key) const { return key * 2654435761u; }
};
using Table = TopTable<std::uint32_t, Mixed>;

TEST(TopTable, IsExactWhileItHasRoom) {
  Table table(64);
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t key = 1; key <= 8; ++key) table.add(key, {.packets = 1, .bytes = key});
  }
  EXPECT_TRUE(table.exact());
  EXPECT_EQ(table.size(), 8u);
  const auto top = table.top(3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].first, 8u);
  EXPECT_EQ(top[0].second.bytes, 24u);
  EXPECT_EQ(top[0].second.packets, 3u);
  EXPECT_EQ(table.top(100).size(), 8u);
}

TEST(TopTable, OrdersEqualWeightsByKey) {
  Table table(64);
  for (const std::uint32_t key : {5u, 3u, 9u}) table.add(key, {.bytes = 7});
  const auto top = table.top(3);
  EXPECT_EQ(top[0].first, 3u);
  EXPECT_EQ(top[2].first, 9u);
}

TEST(TopTable, ShowsNothingWhenEmpty) {
  EXPECT_TRUE(Table(1).top(10).empty());
  EXPECT_TRUE(Table(1).exact());
}

TEST(TopTable, TakesAKeyThatIsZeroOrHashesToZero) {
  Table table(8);
  table.add(0u, {.bytes = 3});
  table.add(0u, {.bytes = 4});
  EXPECT_EQ(table.top(1)[0].second.bytes, 7u);
}

TEST(TopTable, NeverHoldsMoreThanItsPlaces) {
  Table table(64);
  for (std::uint32_t key = 0; key < 10'000; ++key) table.add(key, {.bytes = 1});
  EXPECT_LE(table.size(), 64u);
  EXPECT_FALSE(table.exact());
}

TEST(TopTable, IsShortByAtMostItsErrorAndNeverOverstates) {
  Table table(128);
  std::map<std::uint32_t, std::uint64_t> truth;
  std::mt19937 random(3);
  for (int i = 0; i < 50'000; ++i) {
    const auto key = static_cast<std::uint32_t>(random() % 2 == 0 ? random() % 20 : random() % 5000);
    const std::uint64_t bytes = key < 20 ? 1000 : 40;
    table.add(key, {.packets = 1, .bytes = bytes});
    truth[key] += bytes;
  }
  ASSERT_FALSE(table.exact());
  std::map<std::uint32_t, std::uint64_t> shown;
  for (const auto& [key, tally] : table.top(128)) {
    shown[key] = tally.bytes;
    EXPECT_LE(tally.bytes, truth[key]);
    EXPECT_GE(tally.bytes + table.error_bytes(), truth[key]) << key;
  }
  for (const auto& [key, bytes] : truth) {
    EXPECT_TRUE(shown.contains(key) || bytes <= table.error_bytes()) << key;
  }
  for (std::uint32_t heavy = 0; heavy < 20; ++heavy) EXPECT_TRUE(shown.contains(heavy)) << heavy;
}

TEST(TopTable, MergedIsTheSumWhileExact) {
  Table one(64), two(64), both(64);
  for (std::uint32_t key = 0; key < 12; ++key) {
    one.add(key, {.packets = 1, .bytes = key, .flows = 1, .blocked = 2});
    two.add(key * 2, {.packets = 1, .bytes = 5});
    both.add(key, {.packets = 1, .bytes = key, .flows = 1, .blocked = 2});
    both.add(key * 2, {.packets = 1, .bytes = 5});
  }
  one.merge(two);
  const auto sum = one.top(100), expected = both.top(100);
  ASSERT_EQ(sum.size(), expected.size());
  for (std::size_t i = 0; i < sum.size(); ++i) {
    EXPECT_EQ(sum[i].first, expected[i].first);
    EXPECT_EQ(sum[i].second.bytes, expected[i].second.bytes);
    EXPECT_EQ(sum[i].second.blocked, expected[i].second.blocked);
  }
}

TEST(TopTable, MergedErrorsAddUp) {
  Table one(8), two(8);
  for (std::uint32_t key = 0; key < 100; ++key) {
    one.add(key, {.bytes = 10});
    two.add(key + 1000, {.bytes = 20});
  }
  const std::uint64_t errors = one.error_bytes() + two.error_bytes();
  one.merge(two);
  EXPECT_GE(one.error_bytes(), errors);
}

}  // namespace
}  // namespace netscope
