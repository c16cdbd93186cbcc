#include "core/inspect/stream_prefix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>

namespace netscope {
namespace {

StreamPrefix from_syn(std::uint32_t sequence) {
  StreamPrefix prefix;
  prefix.start(sequence);
  return prefix;
}

void add(StreamPrefix& prefix, std::uint32_t sequence, std::string_view text) {
  prefix.add(sequence, as_bytes(text));
}

TEST(StreamPrefix, IsTheSameForSegmentsInAnyOrder) {
  std::vector<std::uint32_t> order{0, 1, 2, 3};
  const std::string text = "abcdefgh";
  do {
    StreamPrefix prefix = from_syn(100);
    for (const std::uint32_t i : order) add(prefix, 100 + 2 * i, std::string_view(text).substr(2 * i, 2));
    EXPECT_EQ(as_text(prefix.first_copy()), text);
    EXPECT_TRUE(prefix.last_copy().empty());
    EXPECT_FALSE(prefix.full());
  } while (std::next_permutation(order.begin(), order.end()));
}

// Whatever happened to it before: a cleared one says of a new stream what one that was just made says.
TEST(StreamPrefix, ThatWasClearedIsAsItWasMade) {
  std::mt19937 engine(1);
  const auto random = [&](unsigned limit) { return static_cast<std::uint32_t>(engine() % limit); };
  StreamPrefix used;
  for (int round = 0; round < 500; ++round) {
    used.clear();
    StreamPrefix made;
    if (random(2) == 0) {
      used.start(1000);
      made.start(1000);
    }
    for (unsigned segment = random(12); segment > 0; --segment) {
      const std::uint32_t at = 990 + random(5000);
      const std::string text(random(3000), random(2) == 0 ? 'a' : 'b');
      add(used, at, text);
      add(made, at, text);
    }
    EXPECT_EQ(used.extent(), made.extent());
    EXPECT_EQ(as_text(used.first_copy()), as_text(made.first_copy()));
    EXPECT_EQ(as_text(used.last_copy()), as_text(made.last_copy()));
    EXPECT_EQ(used.exact(), made.exact());
    EXPECT_EQ(used.overrun(), made.overrun());
  }
}

TEST(StreamPrefix, ShowsWhatIsThereWithoutAGap) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 104, "efgh");
  EXPECT_TRUE(prefix.first_copy().empty());
  EXPECT_FALSE(prefix.empty());
  add(prefix, 100, "ab");
  EXPECT_EQ(as_text(prefix.first_copy()), "ab");
  add(prefix, 102, "cd");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdefgh");
}

TEST(StreamPrefix, OverlapsWithTheSameBytesAreOneReading) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 100, "abcdef");
  add(prefix, 102, "cdefgh");
  add(prefix, 100, "ab");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdefgh");
  EXPECT_TRUE(prefix.last_copy().empty());
}

TEST(StreamPrefix, OverlapsWithOtherBytesAreTwoReadings) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 100, "abcdef");
  add(prefix, 102, "CDEFGH");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdefGH");
  EXPECT_EQ(as_text(prefix.last_copy()), "abCDEFGH");
  add(prefix, 100, "AB");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdefGH");
  EXPECT_EQ(as_text(prefix.last_copy()), "ABCDEFGH");
}

TEST(StreamPrefix, ASegmentOverSeveralStretchesKeepsTheFirstCopyOfEach) {
  StreamPrefix prefix = from_syn(0);
  add(prefix, 1, "b");
  add(prefix, 3, "d");
  add(prefix, 5, "f");
  add(prefix, 0, "ABCDEFG");
  EXPECT_EQ(as_text(prefix.first_copy()), "AbCdEfG");
  EXPECT_EQ(as_text(prefix.last_copy()), "ABCDEFG");
}

TEST(StreamPrefix, SequenceNumbersWrapAround) {
  StreamPrefix prefix = from_syn(0xfffffffe);
  add(prefix, 1, "de");
  add(prefix, 0xfffffffe, "abc");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcde");
  prefix.consume(4);
  EXPECT_EQ(as_text(prefix.first_copy()), "e");
  EXPECT_TRUE(from_syn(0).is_next(0));
}

TEST(StreamPrefix, WhatLiesBeforeASynDoesNotCount) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 98, "xyab");
  EXPECT_EQ(as_text(prefix.first_copy()), "ab");
  add(prefix, 90, "early");
  EXPECT_EQ(as_text(prefix.first_copy()), "ab");
}

TEST(StreamPrefix, WithoutASynAnEarlierSegmentMovesTheBeginningBack) {
  StreamPrefix prefix;
  add(prefix, 104, "efgh");
  EXPECT_FALSE(prefix.exact());
  add(prefix, 100, "abcd");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdefgh");
  prefix.start(98);
  EXPECT_TRUE(prefix.exact());
  EXPECT_TRUE(prefix.first_copy().empty());
  add(prefix, 98, "_^");
  EXPECT_EQ(as_text(prefix.first_copy()), "_^abcdefgh");
}

TEST(StreamPrefix, MovesBackByTheLimitAndNotOnePastIt) {
  StreamPrefix at_limit;
  add(at_limit, 1'000'000, "b");
  add(at_limit, 1'000'000 - kMaxPrefix, "a");
  EXPECT_EQ(as_text(at_limit.first_copy()), "a");
  StreamPrefix past;
  add(past, 1'000'000, "b");
  add(past, 1'000'000 - kMaxPrefix - 1, "a");
  EXPECT_EQ(as_text(past.first_copy()), "b");
}

TEST(StreamPrefix, HoldsTheLimitAndNotOneByteMore) {
  const std::vector<std::uint8_t> most(kMaxPrefix, 'a');
  StreamPrefix prefix = from_syn(5);
  prefix.add(5, most);
  EXPECT_EQ(prefix.first_copy().size(), kMaxPrefix);
  EXPECT_TRUE(prefix.full());
  EXPECT_FALSE(prefix.overrun());
  add(prefix, 5 + static_cast<std::uint32_t>(kMaxPrefix), "x");
  EXPECT_TRUE(prefix.overrun());
  EXPECT_EQ(prefix.first_copy().size(), kMaxPrefix);
  StreamPrefix longer = from_syn(5);
  longer.add(5, std::vector<std::uint8_t>(kMaxPrefix + 1, 'a'));
  EXPECT_TRUE(longer.full() && longer.overrun());
  EXPECT_EQ(longer.first_copy().size(), kMaxPrefix);
}

TEST(StreamPrefix, AStraySegmentFarAheadProvesNothing) {
  StreamPrefix prefix = from_syn(5);
  add(prefix, 5 + 4 * static_cast<std::uint32_t>(kMaxPrefix), "x");
  EXPECT_FALSE(prefix.full());
  EXPECT_TRUE(prefix.empty());
}

TEST(StreamPrefix, KeepsTheLimitOfStretchesApartAndNotOneMore) {
  StreamPrefix prefix = from_syn(0);
  for (std::uint32_t i = 0; i < kMaxStretches; ++i) add(prefix, 2 * i, "x");
  EXPECT_FALSE(prefix.overrun());
  add(prefix, 2 * static_cast<std::uint32_t>(kMaxStretches), "x");
  EXPECT_TRUE(prefix.overrun());
  add(prefix, 1, "y");
  EXPECT_EQ(as_text(prefix.first_copy()), "xyx");
}

TEST(StreamPrefix, ConsumingGoesOnBehindIt) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 100, "abcdef");
  prefix.consume(4);
  EXPECT_EQ(as_text(prefix.first_copy()), "ef");
  add(prefix, 98, "??????");  // done with, but for the last two bytes, which are there already
  EXPECT_EQ(as_text(prefix.first_copy()), "ef");
  prefix.consume(10);
  EXPECT_TRUE(prefix.empty());
  EXPECT_TRUE(prefix.is_next(114));
  EXPECT_FALSE(prefix.is_next(113));
  add(prefix, 112, "..next");
  EXPECT_EQ(as_text(prefix.first_copy()), "next");
}

TEST(StreamPrefix, ConsumesAtMostOneStepAtOnce) {
  StreamPrefix prefix = from_syn(0);
  prefix.consume(kMaxStep);
  EXPECT_TRUE(prefix.is_next(static_cast<std::uint32_t>(kMaxStep)));
  prefix.restart(0);
  prefix.consume(kMaxStep + 1);
  EXPECT_TRUE(prefix.is_next(static_cast<std::uint32_t>(kMaxStep)));
}

TEST(StreamPrefix, ConsumingHalfOfTwoReadingsKeepsBoth) {
  StreamPrefix prefix = from_syn(0);
  add(prefix, 0, "abcd");
  add(prefix, 2, "CDEF");
  prefix.consume(3);
  EXPECT_EQ(as_text(prefix.first_copy()), "dEF");
  EXPECT_EQ(as_text(prefix.last_copy()), "DEF");
  prefix.consume(3);
  add(prefix, 6, "g");
  EXPECT_TRUE(prefix.last_copy().empty()) << "what follows was not seen in two versions";
}

TEST(StreamPrefix, AnAcknowledgedGapIsSkippedAndNoOtherIs) {
  StreamPrefix prefix = from_syn(100);
  EXPECT_FALSE(prefix.skip_lost(200)) << "nothing waits behind a gap";
  add(prefix, 104, "efgh");
  EXPECT_FALSE(prefix.skip_lost(103));
  EXPECT_TRUE(prefix.skip_lost(104));
  EXPECT_EQ(as_text(prefix.first_copy()), "efgh");
  EXPECT_FALSE(prefix.skip_lost(108)) << "no gap at the front";
}

TEST(StreamPrefix, RestartsElsewhereAndForgetsWhatItHeld) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 104, "efgh");
  prefix.restart(500);
  EXPECT_TRUE(prefix.empty());
  EXPECT_TRUE(prefix.exact());
  add(prefix, 500, "new");
  EXPECT_EQ(as_text(prefix.first_copy()), "new");
}

TEST(StreamPrefix, AByteFarAheadCostsLittleMoreThanAByte) {
  StreamPrefix prefix = from_syn(0);
  add(prefix, static_cast<std::uint32_t>(kMaxPrefix) - 1, "x");
  EXPECT_LE(prefix.memory_bytes(), 256u);
  add(prefix, static_cast<std::uint32_t>(kMaxPrefix) - 1, "y");
  EXPECT_LE(prefix.memory_bytes(), 256u) << "with both copies";
  EXPECT_EQ(prefix.extent().held, 1u);
}

// What does not differ is kept once, on whichever side of a gap it lies.
TEST(StreamPrefix, ASecondCopyIsKeptOnlyOfTheStretchThatHasOne) {
  StreamPrefix prefix = from_syn(0);
  add(prefix, 0, std::string(10'000, 'a'));
  const std::size_t before = prefix.memory_bytes();
  add(prefix, 20'000, "b");
  add(prefix, 20'000, "c");
  EXPECT_LE(prefix.memory_bytes(), before + 256);
  EXPECT_TRUE(prefix.last_copy().empty());
  add(prefix, 10'000, std::string(10'000, 'a'));
  EXPECT_EQ(prefix.first_copy().back(), 'b');
  ASSERT_EQ(prefix.last_copy().size(), 20'001u);
  EXPECT_EQ(prefix.last_copy().back(), 'c');
  EXPECT_GE(prefix.memory_bytes(), 40'002u);
}

// Every byte that is held is counted, with the list of stretches, whatever came in which order.
TEST(StreamPrefix, CountsAllOfItsMemory) {
  StreamPrefix prefix = from_syn(0);
  for (std::uint32_t i = 0; i < kMaxStretches; ++i) {
    add(prefix, 2 * (static_cast<std::uint32_t>(kMaxStretches) - i), "x");
    ASSERT_GE(prefix.memory_bytes(), (i + 1) * (1 + 2 * sizeof(std::size_t)));
  }
  const StreamPrefix copy = prefix;
  EXPECT_GE(copy.memory_bytes(), kMaxStretches * (1 + 2 * sizeof(std::size_t)));
  for (std::uint32_t i = 0; i < kMaxStretches; ++i) add(prefix, 2 * i + 1, "y");
  EXPECT_EQ(prefix.extent().held, 2 * kMaxStretches);
  prefix.consume(2 * kMaxStretches + 1);
  prefix.release();
  EXPECT_EQ(prefix.memory_bytes(), 0u);
}

// What is counted is what goes: nothing of it is left when all is consumed, of a copy either.
TEST(StreamPrefix, CountsNothingThatItDoesNotHold) {
  std::mt19937 engine(3);
  const auto random = [&](unsigned limit) { return static_cast<std::uint32_t>(engine() % limit); };
  for (int round = 0; round < 200; ++round) {
    StreamPrefix prefix = from_syn(0);
    for (unsigned segment = random(30); segment > 0; --segment) {
      add(prefix, random(4000), std::string(1 + random(200), random(9) == 0 ? 'b' : 'a'));
      if (random(10) == 0) prefix = StreamPrefix(prefix);
      if (random(10) == 0) prefix.consume(random(100));
    }
    prefix.split();
    prefix.consume(kMaxPrefix);
    EXPECT_EQ(prefix.extent().held, 0u);
    const std::size_t spare = prefix.memory_bytes();
    StreamPrefix other = from_syn(0);
    add(other, 0, "a");
    EXPECT_LE(spare, 2048 + 64 * other.memory_bytes());
    prefix.clear();
    add(prefix, 0, "a");
    EXPECT_LE(prefix.memory_bytes(), 2048 + 64 * other.memory_bytes());
  }
}

TEST(StreamPrefix, BytesInReverseBecomeOneStretch) {
  StreamPrefix prefix = from_syn(0);
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = text.size(); i-- > 0;) {
    EXPECT_TRUE(prefix.first_copy().empty());
    add(prefix, static_cast<std::uint32_t>(i), std::string_view(text).substr(i, 1));
  }
  EXPECT_EQ(as_text(prefix.first_copy()), text);
  EXPECT_LE(prefix.memory_bytes(), 512u);
}

TEST(StreamPrefix, SplitPartsTheReadingsOfEachStretch) {
  StreamPrefix prefix = from_syn(0);
  add(prefix, 0, "ab");
  add(prefix, 4, "ef");
  add(prefix, 5, "F");
  auto last = prefix.split();
  ASSERT_TRUE(last);
  EXPECT_FALSE(prefix.split());
  add(prefix, 2, "cd");
  add(*last, 2, "cd");
  EXPECT_EQ(as_text(prefix.first_copy()), "abcdef");
  EXPECT_EQ(as_text(last->first_copy()), "abcdeF");
  EXPECT_TRUE(last->last_copy().empty());
  EXPECT_FALSE(last->is_part_of(prefix));
}

TEST(StreamPrefix, GivesItsMemoryBackAndKeepsItsPosition) {
  StreamPrefix prefix = from_syn(100);
  add(prefix, 100, "abcd");
  EXPECT_GE(prefix.memory_bytes(), 4u);
  prefix.consume(4);
  prefix.release();
  EXPECT_EQ(prefix.memory_bytes(), 0u);
  EXPECT_TRUE(prefix.is_next(104));
}

// A second truth: each byte of the stream by its offset, in two maps.
class NaivePrefix {
 public:
  explicit NaivePrefix(std::uint32_t base) : base_(base) {}
  void add(std::uint32_t sequence, Bytes bytes) {
    const auto begin = static_cast<std::int32_t>(sequence - base_);
    bool differs = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::int64_t at = begin + static_cast<std::int64_t>(i);
      if (at < 0 || at >= static_cast<std::int64_t>(kMaxPrefix)) continue;
      differs = differs || (first_.contains(at) && first_.at(at) != bytes[i]);
      first_.try_emplace(at, bytes[i]);
      last_[at] = bytes[i];
    }
    two_ = two_ || differs;
  }
  void consume(std::uint32_t count) {
    base_ += count;
    first_ = moved(first_, count);
    last_ = moved(last_, count);
    if (first_.empty()) two_ = false;
  }
  std::string first() const { return front(first_); }
  std::string last() const { return front(last_); }
  bool two() const { return two_; }
  std::size_t held() const { return first_.size(); }

 private:
  using Map = std::map<std::int64_t, std::uint8_t>;
  static Map moved(const Map& map, std::uint32_t count) {
    Map out;
    for (const auto& [at, byte] : map) {
      if (at >= count) out[at - count] = byte;
    }
    return out;
  }
  static std::string front(const Map& map) {
    std::string out;
    for (const auto& [at, byte] : map) {
      if (at != std::ssize(out)) break;
      out += static_cast<char>(byte);
    }
    return out;
  }
  std::uint32_t base_;
  Map first_, last_;
  bool two_ = false;
};

TEST(StreamPrefix, AgreesWithANaiveModelOnRandomSegments) {
  std::mt19937 random(20240601);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  for (int round = 0; round < 600; ++round) {
    const std::uint32_t start = round % 3 == 0 ? 0xffffffe0 + below(64) : static_cast<std::uint32_t>(random());
    std::uint32_t base = start;
    StreamPrefix prefix = from_syn(start);
    NaivePrefix naive(start);
    for (int step = 0; step < 40; ++step) {
      if (below(8) == 0) {
        const std::uint32_t count = below(12);
        prefix.consume(count);
        naive.consume(count);
        base += count;
      } else {
        std::vector<std::uint8_t> segment(1 + below(20));
        const std::uint32_t sequence = base - 6 + below(70);
        // Mostly the stream's true bytes; now and then another copy.
        for (std::size_t i = 0; i < segment.size(); ++i) {
          segment[i] = static_cast<std::uint8_t>('a' + (sequence - start + i) % 26);
          if (below(60) == 0) segment[i] = '#';
        }
        prefix.add(sequence, segment);
        naive.add(sequence, segment);
      }
      ASSERT_EQ(as_text(prefix.first_copy()), naive.first()) << "round " << round << ", step " << step;
      // Where the last copies are the first ones they need not be told; where no copies differ they must not.
      const std::string last(as_text(prefix.last_copy().empty() ? prefix.first_copy() : prefix.last_copy()));
      ASSERT_EQ(last, naive.last()) << "round " << round << ", step " << step;
      ASSERT_TRUE(naive.two() || prefix.last_copy().empty()) << "round " << round << ", step " << step;
      ASSERT_EQ(prefix.extent().held, naive.held());
    }
  }
}

}  // namespace
}  // namespace netscope
