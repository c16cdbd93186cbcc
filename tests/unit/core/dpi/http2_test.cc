#include "core/dpi/http2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "support/http2_frames.h"

namespace netscope::http2 {
namespace {

using test::Buffer;
using test::ByteWriter;
using test::http2_frame;
using test::http2_get;
using test::http2_preface;
using test::join;
using test::plain_fields;

constexpr std::uint8_t kData = 0, kHeaders = 1, kContinuation = 9;
constexpr std::uint8_t kEndHeaders = 4, kPadded = 8, kPriority = 0x20;

// Reads a copy of exactly the size, so that the sanitizer sees one byte too many.
std::string asked(const Buffer& stream, std::size_t index = 0) {
  const auto copy = std::make_unique<std::uint8_t[]>(stream.size());
  std::ranges::copy(stream, copy.get());
  RequestReader reader;
  const auto request = reader.read({copy.get(), stream.size()}, index);
  switch (request.status) {
    case ParseStatus::ok: break;
    case ParseStatus::need_more: return "need more";
    case ParseStatus::no_match: return "no match";
    case ParseStatus::malformed: return "malformed";
  }
  return std::string(request->method) + " " + std::string(request->effective_host()) + std::string(request->path);
}

TEST(Http2, ReadsRequestsInTheirOrder) {
  const Buffer stream = join({http2_preface(), http2_get("a.example", "/1"),
                              http2_frame({.type = kData, .stream = 1}, Buffer(100)), http2_get("b.example", "/2", 3)});
  EXPECT_EQ(asked(stream, 0), "GET a.example/1");
  EXPECT_EQ(asked(stream, 1), "GET b.example/2");
  EXPECT_EQ(asked(stream, 2), "need more");
}

TEST(Http2, ALaterRequestLeansOnWhatAnEarlierOneTaught) {
  const Buffer first = ByteWriter().u8(0x82).u8(0x84).u8(0x41).u8(9).text("a.example");
  const Buffer stream =
      join({http2_preface(), http2_frame({.type = kHeaders, .flags = kEndHeaders, .stream = 1}, first),
            http2_frame({.type = kHeaders, .flags = kEndHeaders, .stream = 3}, Buffer{0x83, 0xbe})});
  EXPECT_EQ(asked(stream, 1), "POST a.example");
}

TEST(Http2, ABlockMayBeCutIntoFrames) {
  const Buffer block = plain_fields({{":method", "GET"}, {":authority", "a.example"}, {":path", "/"}});
  for (std::size_t cut = 0; cut <= block.size(); ++cut) {
    const Bytes all(block);
    const Buffer stream =
        join({http2_preface(), http2_frame({.type = kHeaders, .stream = 1}, all.first(cut)),
              http2_frame({.type = kContinuation, .stream = 1}, {}),
              http2_frame({.type = kContinuation, .flags = kEndHeaders, .stream = 1}, all.subspan(cut))});
    ASSERT_EQ(asked(stream), "GET a.example/") << cut;
  }
}

TEST(Http2, PaddingAndPrioritiesAreNoFields) {
  const Buffer fields = plain_fields({{":method", "GET"}, {":authority", "a.example"}, {":path", "/"}});
  const Buffer payload = ByteWriter().u8(3).u32(0x80000001).u8(200).bytes(fields).fill(3, 0);
  EXPECT_EQ(
      asked(join({http2_preface(),
                  http2_frame({.type = kHeaders, .flags = kEndHeaders | kPadded | kPriority, .stream = 1}, payload)})),
      "GET a.example/");
  EXPECT_EQ(asked(join({http2_preface(), http2_frame({.type = kHeaders, .flags = kEndHeaders | kPadded, .stream = 1},
                                                     Buffer{9, 0, 0})})),
            "malformed");
}

TEST(Http2, AHostStandsInForTheAuthority) {
  const Buffer fields = plain_fields({{":method", "GET"}, {"host", "a.example"}});
  EXPECT_EQ(asked(join({http2_preface(), http2_frame({.type = kHeaders, .flags = kEndHeaders, .stream = 1}, fields)})),
            "GET a.example");
}

TEST(Http2, OtherFramesDoNotStandWithinABlock) {
  const Buffer stream =
      join({http2_preface(), http2_frame({.type = kHeaders, .stream = 1}, {}), http2_get("a.example")});
  EXPECT_EQ(asked(stream), "malformed");
  EXPECT_EQ(asked(join({http2_preface(), http2_frame({.type = kContinuation, .flags = kEndHeaders}, {})})),
            "malformed");
}

TEST(Http2, DnsMessagesAreTold) {
  const Buffer fields = plain_fields({{":method", "POST"}, {"content-type", "application/dns-message"}});
  const Buffer stream = join({http2_preface(), http2_frame({.type = kHeaders, .flags = kEndHeaders}, fields)});
  RequestReader reader;
  EXPECT_TRUE(reader.read(stream, 0)->dns_message);
}

TEST(Http2, BeginsWithItsPreface) {
  EXPECT_EQ(asked({}), "need more");
  EXPECT_EQ(asked(http2_get("a.example")), "no match");
  EXPECT_EQ(asked(http2_preface()), "need more");
}

TEST(Http2, EveryTruncationWaits) {
  const Buffer stream = join({http2_preface(), http2_get("a.example"), http2_get("b.example")});
  const std::size_t first = http2_preface().size() + http2_get("a.example").size();
  for (std::size_t length = 0; length < stream.size(); ++length) {
    const Buffer cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_EQ(asked(cut, 0), length < first ? "need more" : "GET a.example/") << length;
    ASSERT_EQ(asked(cut, 1), "need more") << length;
  }
}

TEST(Http2, SurvivesEveryByteFlipped) {
  const Buffer packed = {0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
                         0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
  const Buffer stream =
      join({http2_preface(), http2_frame({.type = kHeaders, .flags = kEndHeaders, .stream = 1}, packed),
            http2_get("b.example")});
  for (std::size_t i = 0; i < stream.size(); ++i) {
    for (int mask = 1; mask < 256; ++mask) {
      Buffer flipped = stream;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
      asked(flipped, 0);
      asked(flipped, 1);
    }
  }
}

}  // namespace
}  // namespace netscope::http2
