#include "core/dpi/socks.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/payloads.h"

namespace netscope::socks {
namespace {

using namespace std::string_view_literals;
using test::Buffer;
using test::ByteWriter;

Buffer greeting(std::vector<std::uint8_t> methods = {0}) {
  return ByteWriter().u8(5).u8(methods.size()).bytes(methods);
}
Buffer password(std::string_view user, std::string_view word) {
  return ByteWriter().u8(1).u8(user.size()).text(user).u8(word.size()).text(word);
}
Buffer ask_for_name(std::string_view name) {
  return ByteWriter().u8(5).u8(1).u8(0).u8(3).u8(name.size()).text(name).u16(443);
}
Buffer version_4(std::uint32_t address, std::string_view user) {
  return ByteWriter().u8(4).u8(1).u16(443).u32(address).text(user).u8(0);
}

struct Sample {
  Buffer bytes;
  std::string_view host;
};
const std::vector<Sample> kRequests{
    {test::join({greeting(), ask_for_name("www.example.org")}), "www.example.org"},
    {test::join({greeting({0, 1, 2}), password("me", "secret"), ask_for_name("a.example")}), "a.example"},
    {test::join({greeting({2}), ask_for_name("a.example")}), "a.example"},  // the server did not want the password
    {test::join({greeting(), ByteWriter().u8(5).u8(1).u8(0).u8(1).u32(0xc6336401).u16(80)}), ""},
    {test::join({greeting(), ByteWriter().u8(5).u8(3).u8(0).u8(4).fill(16, 7).u16(80)}), ""},
    {version_4(0xc6336401, "me"), ""},
    {version_4(0xc6336401, ""), ""},
    {test::join({version_4(1, ""), ByteWriter().text("www.example.org").u8(0)}), "www.example.org"},
};

TEST(Socks, SaysWhomTheProxyIsAskedFor) {
  for (const Sample& sample : kRequests) {
    const auto request = parse_request(sample.bytes);
    ASSERT_TRUE(request.ok()) << sample.host;
    EXPECT_EQ(request->host, sample.host);
    EXPECT_EQ(request->length, sample.bytes.size());
  }
}

TEST(Socks, SaysWhereTheRestBegins) {
  for (const Sample& sample : kRequests) {
    const auto request = parse_request(test::join({sample.bytes, test::client_hello("b.example")}));
    const bool address_of_version_4 = sample.bytes[0] == 4 && sample.host.empty();
    ASSERT_EQ(request.ok(), !address_of_version_4) << sample.host;
    if (request.ok()) {
      EXPECT_EQ(request->length, sample.bytes.size());
    }
  }
}

TEST(Socks, OfLessThanARequestIsWaitedFor) {
  for (const Sample& sample : kRequests) {
    for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
      EXPECT_EQ(parse_request(Bytes(sample.bytes).first(size)).status, ParseStatus::need_more) << size;
    }
  }
}

TEST(Socks, IsNotClaimedForOthers) {
  for (const Buffer& stream :
       {test::client_hello("a.example"), test::http_request("GET", "/", "a.example"),
        test::over_tcp(test::dns_query("a.example")), greeting({}), greeting({0xff}),
        test::join({greeting(), ByteWriter().u8(5).u8(4).u8(0)}),
        test::join({greeting(), ByteWriter().u8(5).u8(1).u8(9)}),
        test::join({greeting(), ByteWriter().u8(5).u8(1).u8(0).u8(2)}), test::join({greeting(), ask_for_name("a b")}),
        test::join({greeting(), ByteWriter().u8(4)}), version_4(0xc6336401, "a b"), version_4(0, ""),
        test::join({version_4(1, ""), Buffer{0}}), version_4(0xc6336401, std::string(256, 'a'))}) {
    EXPECT_EQ(parse_request(stream).status, ParseStatus::no_match) << as_text(stream);
  }
}

TEST(Socks, SurvivesEveryByteFlipped) {
  for (const Sample& sample : kRequests) {
    for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
      for (const unsigned mask : {0x01u, 0x20u, 0x80u, 0xffu}) {
        Buffer flipped = sample.bytes;
        flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
        const auto request = parse_request(flipped);
        ASSERT_NE(request.status, ParseStatus::malformed);
        if (request.ok()) {
          ASSERT_LE(request->length, flipped.size());
        }
      }
    }
  }
}

}  // namespace
}  // namespace netscope::socks
