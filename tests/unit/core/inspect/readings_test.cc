#include "core/inspect/readings.h"

#include <gtest/gtest.h>

#include <string>

namespace netscope {
namespace {

bool add(Readings& readings, std::uint32_t sequence, std::string_view text) {
  return readings.add(sequence, as_bytes(text));
}

bool shows(Readings& readings, std::string_view text) {
  for (const Reading& reading : readings.all()) {
    if (as_text(reading.bytes.first_copy()) == text) return true;
  }
  return false;
}

// Says a byte twice, differently, until there are as many readings as may be.
Readings with_most_readings() {
  Readings readings;
  readings.begin(1000);
  for (std::uint32_t at = 1020; readings.all().size() < kMaxReadings; at += 2) {
    EXPECT_TRUE(add(readings, at, "a"));
    if (!add(readings, at, "b")) break;
  }
  return readings;
}

TEST(Readings, AreOneWhileNothingIsContradicted) {
  Readings readings;
  readings.begin(1000);
  EXPECT_TRUE(add(readings, 1004, "efgh"));
  EXPECT_TRUE(add(readings, 1000, "abcd"));
  EXPECT_TRUE(add(readings, 1002, "cdef"));
  EXPECT_FALSE(readings.ambiguous());
  EXPECT_TRUE(shows(readings, "abcdefgh"));
}

TEST(Readings, OfAFakeAheadAreBoth) {
  Readings readings;
  readings.begin(1000);
  EXPECT_TRUE(add(readings, 1000, "fake"));
  EXPECT_TRUE(add(readings, 1000, "true"));
  EXPECT_TRUE(shows(readings, "fake"));
  EXPECT_TRUE(shows(readings, "true"));
}

TEST(Readings, OfOneCopyMayBeAsLongAsAStreamIsKept) {
  Readings readings;
  readings.begin(1000);
  const std::string step(64, 'x');
  for (std::uint32_t at = 0; at < kMaxPrefix; at += 64) ASSERT_TRUE(add(readings, 1000 + at, step)) << at;
  EXPECT_EQ(readings.all().front().bytes.first_copy().size(), kMaxPrefix);
}

TEST(Readings, ThatWereClearedAreAsTheyWereMade) {
  Readings readings = with_most_readings();
  readings.begin(5000);
  EXPECT_TRUE(add(readings, 5002, "b"));
  EXPECT_TRUE(add(readings, 5000, "aa"));
  EXPECT_FALSE(readings.ambiguous());
  EXPECT_TRUE(shows(readings, "aab"));
  readings.clear();
  EXPECT_TRUE(readings.empty());
  EXPECT_TRUE(add(readings, 9004, "later"));  // where nothing was said to begin, what comes before may still join
  EXPECT_TRUE(add(readings, 9000, "more"));
  EXPECT_TRUE(shows(readings, "morelater"));
  EXPECT_FALSE(readings.all().front().coarse);
}

TEST(Readings, NeverHoldMoreThanTheirBound) {
  Readings readings = with_most_readings();
  ASSERT_TRUE(readings.ambiguous());
  std::size_t refused = 0;
  for (std::uint32_t at = 1100; at < 1100 + 30'000; ++at) {
    refused += add(readings, at, "x") ? 0 : 1;
    ASSERT_LE(readings.memory_bytes(), kMaxReadingBytes) << at;
  }
  for (std::uint32_t at = 1100; at < 1100 + 30'000; at += 1400) {
    refused += add(readings, at, std::string(1400, 'x')) ? 0 : 1;
    ASSERT_LE(readings.memory_bytes(), kMaxReadingBytes) << at;
  }
  EXPECT_GT(refused, 0u);
}

TEST(Readings, OfTheLargestHelloBehindAFakeAreBoth) {
  constexpr std::uint32_t kSize = 131'400;
  for (const std::uint32_t fake : {100u, 1400u, 60'000u}) {
    for (const std::uint32_t step : {1400u, 500u}) {
      Readings readings;
      readings.begin(1000);
      ASSERT_TRUE(add(readings, 1000, std::string(fake, 'f')));
      for (std::uint32_t at = 0; at < kSize; at += step) {
        ASSERT_TRUE(add(readings, 1000 + at, std::string(std::min(step, kSize - at), 't'))) << at;
        ASSERT_LE(readings.memory_bytes(), kMaxReadingBytes);
      }
      EXPECT_TRUE(shows(readings, std::string(fake, 'f') + std::string(kSize - fake, 't'))) << fake;
      EXPECT_TRUE(shows(readings, std::string(kSize, 't'))) << fake;
    }
  }
}

TEST(Readings, ARefusedSegmentChangesNothing) {
  Readings readings = with_most_readings();
  const std::size_t count = readings.all().size(), memory = readings.memory_bytes();
  EXPECT_FALSE(add(readings, 1020, "c"));
  EXPECT_EQ(readings.all().size(), count);
  EXPECT_EQ(readings.memory_bytes(), memory);
}

TEST(Readings, AreNotReadWithoutEnd) {
  Readings readings;
  readings.begin(1000);
  std::size_t read = 0;
  while (readings.work(65536)) read += 65536;
  EXPECT_EQ(read, kMaxReadingWork);
  readings.begin(2000);
  EXPECT_TRUE(readings.work(65536)) << "the other side answered";
}

}  // namespace
}  // namespace netscope
