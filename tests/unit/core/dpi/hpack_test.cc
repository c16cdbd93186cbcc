#include "core/dpi/hpack.h"

#include <gtest/gtest.h>

#include <string>

#include "support/byte_writer.h"

namespace netscope::hpack {
namespace {

using test::Buffer;
using test::ByteWriter;

Buffer from_hex(std::string_view hex) {
  Buffer out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

bool takes(Decoder& decoder, const Buffer& block) {
  return decoder.decode(block);
}

std::string all_of(const Decoder& decoder) {
  std::string out;
  for (std::size_t i = 0; i < kNames; ++i) {
    if (i != 0) out += "|";
    out += decoder.value(static_cast<Name>(i));
  }
  return out;
}
// What a fresh decoder makes of one block.
std::string decoded(const Buffer& block) {
  Decoder decoder;
  return decoder.decode(block) ? all_of(decoder) : "malformed";
}

// RFC 7541, appendices C.3 and C.4: three requests of one connection, plain and packed.
TEST(Hpack, ReadsTheRequestsOfTheRfc) {
  for (const auto& requests : {std::array{"828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
                                          "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"},
                               std::array{"828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
                                          "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"}}) {
    Decoder decoder;
    ASSERT_TRUE(takes(decoder, from_hex(requests[0])));
    EXPECT_EQ(all_of(decoder), "www.example.com|GET|/||||");
    ASSERT_TRUE(takes(decoder, from_hex(requests[1])));
    EXPECT_EQ(all_of(decoder), "www.example.com|GET|/||||");
    ASSERT_TRUE(takes(decoder, from_hex(requests[2])));
    EXPECT_EQ(all_of(decoder), "www.example.com|GET|/index.html||||");
  }
}

TEST(Hpack, KnowsNamesHoweverTheyAreWritten) {
  EXPECT_EQ(decoded(ByteWriter().u8(0).u8(4).text("host").u8(1).text("h")), "|||||h|");
  EXPECT_EQ(decoded(ByteWriter().u8(0x0f).u8(38 - 15).u8(1).text("h")), "|||||h|");  // by its index
  EXPECT_EQ(decoded(ByteWriter().u8(0x1f).u8(58 - 15).u8(1).text("u")), "||||||u");  // never to be remembered
  EXPECT_EQ(decoded(ByteWriter().u8(0x40 | 19).u8(1).text("a").u8(0x40 | 31).u8(1).text("c")), "|||a|c||");
  EXPECT_EQ(decoded(ByteWriter().u8(0x83).u8(0x85).u8(0x86)), "|POST|/index.html||||");
  EXPECT_EQ(decoded(ByteWriter().u8(0).u8(5).text("hosts").u8(1).text("h")), "||||||");
}

TEST(Hpack, TheFirstOfSeveralFieldsCounts) {
  EXPECT_EQ(decoded(ByteWriter().u8(0x01).u8(1).text("a").u8(0x01).u8(1).text("b")), "a||||||");
}

// All 256 bytes in their order, as another implementation packs them.
constexpr std::string_view kAllBytesPacked =
    "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffeb"
    "fffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3f"
    "ffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c58"
    "f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7f"
    "fbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffb"
    "fffffd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdaff"
    "feeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0fff"
    "f17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fff"
    "ff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87fff"
    "fe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ff"
    "ffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fff"
    "ffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf";

TEST(Hpack, UnpacksEverySymbolOfTheCode) {
  const Buffer packed = from_hex(kAllBytesPacked);
  const std::size_t rest = packed.size() - 127;  // the length takes three bytes
  Decoder decoder;
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x01).u8(0xff).u8(0x80 | (rest & 0x7f)).u8(rest >> 7).bytes(packed)));
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(decoder.value(Name::authority), bytes);
}

TEST(Hpack, BitsThatAreLeftAreNoSymbol) {
  EXPECT_EQ(decoded(ByteWriter().u8(0x01).u8(0x81).u8(0x07)), "0||||||");
  EXPECT_EQ(decoded(ByteWriter().u8(0x01).u8(0x81).u8(0x00)), "0||||||");           // not all receivers look
  EXPECT_EQ(decoded(ByteWriter().u8(0x01).u8(0x84).u32(0xffffffff)), "malformed");  // the end of the string
}

TEST(Hpack, ATableForgetsItsOldestFirst) {
  Decoder decoder;
  // Room for two entries of 32 + 10 + 1 bytes.
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x3f).u8(86 - 31).u8(0x41).u8(1).text("a").u8(0x41).u8(1).text("b")));
  ASSERT_TRUE(takes(decoder, Buffer{0xbf}));
  EXPECT_EQ(decoder.value(Name::authority), "a");
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x41).u8(1).text("c").u8(0xbf)));
  EXPECT_EQ(decoder.value(Name::authority), "c");
  ASSERT_TRUE(takes(decoder, Buffer{0xbf}));
  EXPECT_EQ(decoder.value(Name::authority), "b");
  EXPECT_FALSE(takes(decoder, Buffer{0xc0}));  // a is gone
  // What does not fit at all empties it.
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x41).u8(60).fill(60, 'x')));
  EXPECT_FALSE(takes(decoder, Buffer{0xbe}));
}

TEST(Hpack, ASmallerTableLosesAtOnceAndALargerOneKeeps) {
  Decoder decoder;
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x41).u8(1).text("a")));
  ASSERT_TRUE(takes(decoder, Buffer{0x3f, 0xe1, 0x7f, 0xbe}));  // 16384
  EXPECT_EQ(decoder.value(Name::authority), "a");
  ASSERT_TRUE(takes(decoder, Buffer{0x20}));
  EXPECT_FALSE(takes(decoder, Buffer{0xbe}));
}

TEST(Hpack, ANewConnectionBeginsWithAnEmptyTable) {
  Decoder decoder;
  ASSERT_TRUE(takes(decoder, ByteWriter().u8(0x41).u8(1).text("a")));
  decoder.begin();
  EXPECT_EQ(decoder.value(Name::authority), "");
  EXPECT_FALSE(takes(decoder, Buffer{0xbe}));
}

TEST(Hpack, RefusesWhatBreaksTheFormat) {
  for (const std::string_view hex :
       {"80", "be", "ff80ffffff0f", "7f", "41", "4105", "4181", "0f", "3fffffff7f", "00"}) {
    EXPECT_EQ(decoded(from_hex(hex)), "malformed") << hex;
  }
  EXPECT_EQ(decoded(Buffer{}), "||||||");
}

}  // namespace
}  // namespace netscope::hpack
