#include "core/dpi/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/byte_writer.h"

namespace netscope::test {
namespace {

Buffer proxy_header_2(int command, std::size_t more) {
  return ByteWriter()
      .u32(0x0d0a0d0a)
      .u32(0x000d0a51)
      .u32(0x5549540a)
      .u8(static_cast<std::uint64_t>(command))
      .u8(0x11)
      .u16(more)
      .fill(more, 'a');
}

TEST(ProxyHeader, IsAsLongAsItSays) {
  for (const std::string_view line : {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP6 ::1 ::2 65535 443\r\n",
                                      "PROXY UNKNOWN\r\n", "PROXY UNKNOWN what it likes\r\n"}) {
    for (std::size_t size = 0; size < line.size(); ++size) {
      ASSERT_EQ(parse_proxy_header(as_bytes(line.substr(0, size))).status, ParseStatus::need_more) << line << size;
    }
    const auto header = parse_proxy_header(as_bytes(std::string(line) + "GET"));
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(*header, line.size());
  }
  for (const std::size_t more : {0u, 12u, 36u, 65535u}) {
    for (const int command : {0x20, 0x21}) {
      const Buffer all = proxy_header_2(command, more);
      for (std::size_t size = 0; size < 16; ++size) {
        ASSERT_EQ(parse_proxy_header(Bytes{all}.first(size)).status, ParseStatus::need_more) << size;
      }
      for (const std::size_t size : {std::size_t{16}, all.size()}) {
        const auto header = parse_proxy_header(Bytes{all}.first(size));
        ASSERT_TRUE(header.ok());
        EXPECT_EQ(*header, all.size());
      }
    }
  }
}

TEST(ProxyHeader, IsNothingElse) {
  for (const std::string_view text :
       {"PROXY TCP5 \r\n", "PROXY\r\n", "PROXY / HTTP/1.1\r\n", "proxy TCP4 a\r\n", "\r\n\r\nGET"}) {
    EXPECT_EQ(parse_proxy_header(as_bytes(text)).status, ParseStatus::no_match) << text;
  }
  for (const int command : {0x11, 0x22, 0x31}) {
    EXPECT_EQ(parse_proxy_header(proxy_header_2(command, 0)).status, ParseStatus::no_match);
  }
}

TEST(ProxyHeader, DoesNotWaitForALineWithoutEnd) {
  const std::string line = "PROXY UNKNOWN " + std::string(93, 'a');
  EXPECT_EQ(parse_proxy_header(as_bytes(line.substr(0, 106))).status, ParseStatus::need_more);
  EXPECT_EQ(parse_proxy_header(as_bytes(line)).status, ParseStatus::no_match);
  EXPECT_EQ(*parse_proxy_header(as_bytes(line.substr(0, 106) + "\n")), 107u);
}

}  // namespace
}  // namespace netscope::test
