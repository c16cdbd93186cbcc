#include "netscope/base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace netscope {
namespace {

constexpr std::array<std::uint8_t, 8> kCounting{1, 2, 3, 4, 5, 6, 7, 8};
const Bytes kEight{kCounting};

TEST(Reader, ReadsBigEndianIntegersOneAfterTheOther) {
  Reader in = Reader::whole(kEight);
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u24(), 0x040506u);
  EXPECT_EQ(in.arrived(), 2u);
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.u16(), 0x0708);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
  in = Reader::whole(kEight);
  EXPECT_EQ(in.u32(), 0x01020304u);
  in = Reader::whole(kEight);
  EXPECT_EQ(in.u64(), 0x0102030405060708u);
}

TEST(Reader, ReadsLittleEndianIntegers) {
  EXPECT_EQ(Reader::whole(kEight).u16_le(), 0x0201);
  EXPECT_EQ(Reader::whole(kEight).u32_le(), 0x04030201u);
  EXPECT_EQ(Reader::whole(kEight).u64_le(), 0x0807060504030201u);
}

TEST(Reader, GivesViewsOfWhatItTakesAndOfTheRest) {
  Reader in = Reader::whole(kEight);
  in.skip(2);
  const Bytes taken = in.take(3);
  EXPECT_EQ(taken.data(), kEight.data() + 2);
  EXPECT_EQ(taken.size(), 3u);
  EXPECT_EQ(in.rest().data(), kEight.data() + 5);
  EXPECT_EQ(in.rest().size(), 3u);
}

// Each read: what it takes at the bound, and one byte past it.
TEST(Reader, EachReadSucceedsAtItsBoundAndFailsOnePastIt) {
  struct Case {
    std::size_t size;
    void (*read)(Reader&);
  };
  const std::array<Case, 12> cases{{
      {1, [](Reader& in) { in.u8(); }},
      {2, [](Reader& in) { in.u16(); }},
      {3, [](Reader& in) { in.u24(); }},
      {4, [](Reader& in) { in.u32(); }},
      {8, [](Reader& in) { in.u64(); }},
      {2, [](Reader& in) { in.u16_le(); }},
      {4, [](Reader& in) { in.u32_le(); }},
      {8, [](Reader& in) { in.u64_le(); }},
      {5, [](Reader& in) { in.take(5); }},
      {5, [](Reader& in) { in.skip(5); }},
      {5, [](Reader& in) { static_cast<void>(in.child(5)); }},
      {2, [](Reader& in) { static_cast<void>(in.child_u8()); }},  // a length of 1, and its byte
  }};
  for (const Case& c : cases) {
    Reader enough = Reader::whole(kEight.first(c.size));
    c.read(enough);
    EXPECT_EQ(enough.status(), ParseStatus::ok) << c.size;
    EXPECT_EQ(enough.arrived(), 0u) << c.size;
    Reader short_by_one = Reader::whole(kEight.first(c.size - 1));
    c.read(short_by_one);
    EXPECT_EQ(short_by_one.status(), ParseStatus::malformed) << c.size;
  }
}

TEST(Reader, PastTheEndOfAPrefixNeedsMoreAndPastTheEndOfTheWholeIsMalformed) {
  Reader stream = Reader::prefix(kEight.first(3));
  stream.u32();
  EXPECT_EQ(stream.status(), ParseStatus::need_more);
  Reader datagram = Reader::whole(kEight.first(3));
  datagram.u32();
  EXPECT_EQ(datagram.status(), ParseStatus::malformed);
}

TEST(Reader, APrefixThatIsReadToTheLastByteIsNotAtItsEnd) {
  Reader in = Reader::prefix(kEight);
  in.skip(8);
  EXPECT_TRUE(in.ok());
  EXPECT_FALSE(in.at_end());
}

TEST(Reader, TheFirstFailureSticksAndLaterReadsGiveNothing) {
  Reader in = Reader::prefix(kEight.first(3));
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_EQ(in.u8(), 0u);  // although there are bytes that it could have had
  EXPECT_TRUE(in.take(1).empty());
  EXPECT_TRUE(in.rest().empty());
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.status(), ParseStatus::need_more);
  Reader inner = in.child(std::size_t{1} << 40);
  EXPECT_EQ(in.status(), ParseStatus::need_more);
  EXPECT_EQ(inner.status(), ParseStatus::need_more);
}

TEST(Reader, TakingNothingSucceedsAtTheEnd) {
  Reader in = Reader::whole({});
  EXPECT_TRUE(in.take(0).empty());
  in.skip(0);
  EXPECT_TRUE(in.child(0).at_end());
  EXPECT_TRUE(in.ok());
}

TEST(Reader, ALengthThatWrapsAroundIsOnePastTheEnd) {
  Reader in = Reader::whole(kEight);
  in.skip(~std::size_t{0});
  EXPECT_EQ(in.status(), ParseStatus::malformed);
}

TEST(ChildReader, EndsWhereItsLengthSaysAndTheParentGoesOnBehindIt) {
  Reader in = Reader::whole(kEight);
  Reader inner = in.child(3);
  EXPECT_EQ(inner.u24(), 0x010203u);
  EXPECT_TRUE(inner.at_end());
  EXPECT_EQ(in.u8(), 4);
  inner.u8();
  EXPECT_EQ(inner.status(), ParseStatus::malformed);
  EXPECT_TRUE(in.ok());
}

TEST(ChildReader, OfAPrefixNeedsMoreUpToItsLengthAndIsMalformedBehindIt) {
  const auto child_of_ten = [] { return Reader::prefix(kEight).child(10); };
  Reader within = child_of_ten();
  EXPECT_EQ(within.arrived(), 8u);
  within.skip(10);
  EXPECT_EQ(within.status(), ParseStatus::need_more);
  Reader past = child_of_ten();
  past.skip(11);
  EXPECT_EQ(past.status(), ParseStatus::malformed);
}

TEST(ChildReader, ThatHasNotArrivedLeavesTheParentWaitingForWhatFollows) {
  Reader in = Reader::prefix(kEight);
  static_cast<void>(in.child(10));
  EXPECT_TRUE(in.ok());
  in.u8();
  EXPECT_EQ(in.status(), ParseStatus::need_more);
}

TEST(ChildReader, LongerThanItsParentFailsBoth) {
  Reader in = Reader::whole(kEight);
  Reader inner = in.child(9);
  EXPECT_EQ(in.status(), ParseStatus::malformed);
  EXPECT_EQ(inner.status(), ParseStatus::malformed);
  EXPECT_EQ(inner.u8(), 0);
}

TEST(ChildReader, OfAChildIsBoundByBoth) {
  Reader outer = Reader::prefix(kEight).child(12);
  Reader inner = outer.child(11);
  EXPECT_EQ(inner.arrived(), 8u);
  EXPECT_TRUE(outer.ok());
  outer = Reader::prefix(kEight).child(12);
  EXPECT_EQ(outer.child(13).status(), ParseStatus::malformed);
}

TEST(ChildReader, TakesItsLengthFromOneTwoOrThreeBytes) {
  constexpr std::array<std::uint8_t, 9> nested{1, 0xaa, 0, 1, 0xbb, 0, 0, 1, 0xcc};
  Reader in = Reader::whole(nested);
  EXPECT_EQ(in.child_u8().u8(), 0xaa);
  EXPECT_EQ(in.child_u16().u8(), 0xbb);
  EXPECT_EQ(in.child_u24().u8(), 0xcc);
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
}

TEST(Bytes, AreTextAndTextIsBytesWithoutACopy) {
  constexpr std::string_view text = "abc";
  EXPECT_EQ(as_text(as_bytes(text)).data(), text.data());
  EXPECT_EQ(as_text(as_bytes(text)), "abc");
}

}  // namespace
}  // namespace netscope
