#include "core/policy/sets/prefix_index.h"

#include <gtest/gtest.h>

#include <random>

namespace netscope {
namespace {

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}
IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

std::vector<std::uint32_t> values_of(const PrefixIndex& index, const IpAddress& wanted) {
  std::vector<std::uint32_t> found;
  index.for_each_containing(
      wanted, [&](PrefixIndex::Values values) { found.insert(found.end(), values.begin(), values.end()); });
  return found;
}

TEST(PrefixIndex, FindsNothingWhenEmpty) {
  EXPECT_TRUE(values_of({}, address("1.2.3.4")).empty());
  EXPECT_FALSE(PrefixIndex().contains(address("::")));
}

TEST(PrefixIndex, GoesFromTheLongestToTheShortest) {
  const PrefixIndex::Entry entries[] = {{prefix("0.0.0.0/0"), 9}, {prefix("10.0.0.0/8"), 5},
                                        {prefix("10.1.2.3"), 1},  {prefix("10.0.0.0/8"), 4},
                                        {prefix("::/0"), 8},      {prefix("2001:db8::/65"), 2}};
  const PrefixIndex index(entries);
  using Values = std::vector<std::uint32_t>;
  EXPECT_EQ(values_of(index, address("10.1.2.3")), (Values{1, 4, 5, 9}));
  EXPECT_EQ(values_of(index, address("10.1.2.4")), (Values{4, 5, 9}));
  EXPECT_EQ(values_of(index, address("192.0.2.1")), (Values{9}));
  EXPECT_EQ(values_of(index, address("2001:db8::1")), (Values{2, 8}));
  EXPECT_EQ(values_of(index, address("2001:db8:0:0:8000::")), (Values{8}));
  EXPECT_TRUE(values_of(index, IpAddress{}).empty());
}

// Few prefixes are compared and many are hashed.
class PrefixIndexOfSize : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(FewAndMany, PrefixIndexOfSize,
                         testing::Values(1, PrefixIndex::kFew - 1, PrefixIndex::kFew, PrefixIndex::kFew + 1, 500));

TEST_P(PrefixIndexOfSize, AgreesWithANaiveSearch) {
  std::mt19937 random(1);
  const auto random_address = [&] {
    std::array<std::uint8_t, 16> bytes{};
    const bool v4 = random() % 2 == 0;
    for (const std::size_t at : {0, 1, 3, 7, 8, 15}) bytes[at] = static_cast<std::uint8_t>(random() % 3 * 0x55);
    return IpAddress::from_bytes(Bytes(bytes).first(v4 ? 4 : 16));
  };
  std::vector<PrefixIndex::Entry> entries;
  while (entries.size() < GetParam()) {
    const IpAddress base = random_address();
    const auto parsed = IpPrefix::parse(to_string(base) + "/" + std::to_string(random() % (base.bit_count() + 1)));
    if (parsed) entries.push_back({*parsed, static_cast<std::uint32_t>(entries.size())});
  }
  const PrefixIndex index(entries);
  for (int round = 0; round < 20'000; ++round) {
    const IpAddress wanted = random_address();
    std::vector<std::uint32_t> expected;
    for (const PrefixIndex::Entry& entry : entries) {
      if (entry.prefix.contains(wanted)) expected.push_back(entry.value);
    }
    std::vector<std::uint32_t> found = values_of(index, wanted);
    std::sort(found.begin(), found.end());
    ASSERT_EQ(found, expected) << to_string(wanted);
    ASSERT_EQ(index.contains(wanted), !expected.empty());
  }
}

}  // namespace
}  // namespace netscope
