#include "core/dpi/dtls.h"

#include <gtest/gtest.h>

#include "core/dpi/tls.h"
#include "support/dtls_packets.h"

namespace netscope::dtls {
namespace {

using test::Buffer;

TEST(Dtls, ReadsTheFragmentsOfAHello) {
  const Buffer body = test::dtls_client_hello_body("www.example.com");
  const Buffer datagram = test::join({test::dtls_fragment(body, 40, 60), test::dtls_fragment(body, 0, 40)});
  const auto fragments = parse_datagram(datagram);
  ASSERT_TRUE(fragments.ok());
  ASSERT_EQ(fragments->count, 2u);
  EXPECT_EQ(fragments->list[0].type, kClientHello);
  EXPECT_EQ(fragments->list[0].length, body.size());
  EXPECT_EQ(fragments->list[0].offset, 40u);
  EXPECT_EQ(fragments->list[0].data.size(), 60u);
  EXPECT_EQ(fragments->list[1].offset, 0u);
}

TEST(Dtls, AHelloHasACookie) {
  const Buffer body = test::dtls_client_hello_body("www.example.com", test::noise(20));
  const Buffer message = test::ByteWriter().u8(1).counted_u24(body);
  const auto hello = tls::parse_dtls_client_hello(message);
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->server_name, "www.example.com");
  EXPECT_TRUE(hello->complete);
}

TEST(Dtls, IsNotWhatIsEncryptedOrNoHandshake) {
  Buffer datagram = test::dtls_client_hello("www.example.com");
  datagram[4] = 1;  // the epoch behind the handshake
  EXPECT_EQ(parse_datagram(datagram).status, ParseStatus::no_match);
  EXPECT_EQ(parse_datagram(test::client_hello("www.example.com")).status, ParseStatus::no_match);
  EXPECT_EQ(parse_datagram({}).status, ParseStatus::no_match);
}

TEST(Dtls, SurvivesEveryDamage) {
  const Buffer datagram = test::dtls_client_hello("www.example.com");
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    const Buffer cut(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(parse_datagram(cut).ok()) << size;
  }
  for (std::size_t i = 0; i < datagram.size(); ++i) {
    for (const unsigned mask : {0x01u, 0x80u, 0xffu}) {
      Buffer flipped = datagram;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
      const auto fragments = parse_datagram(flipped);
      ASSERT_NE(fragments.status, ParseStatus::need_more);
      if (!fragments.ok()) continue;
      for (std::size_t f = 0; f < fragments->count; ++f) ASSERT_LE(fragments->list[f].data.size(), flipped.size());
    }
  }
}

}  // namespace
}  // namespace netscope::dtls
