#include "core/dpi/ja4.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/dpi/tls.h"
#include "support/byte_writer.h"
#include "support/dtls_packets.h"
#include "support/payloads.h"
#include "support/quic_packets.h"

namespace netscope::test {
namespace {

using tls::HelloOver;

struct Extension {
  std::uint16_t type = 0;
  Buffer content{};
};

Buffer values(const std::vector<std::uint16_t>& list) {
  ByteWriter out;
  for (const std::uint16_t value : list) out.u16(value);
  return out;
}

Buffer list_u16(const std::vector<std::uint16_t>& list) {
  return ByteWriter().counted_u16(values(list));
}

Buffer versions(const std::vector<std::uint16_t>& list) {
  return ByteWriter().counted_u8(values(list));
}

Buffer alpn(std::string_view first) {
  return ByteWriter().counted_u16(Buffer(ByteWriter().counted_u8(as_bytes(first))));
}

// A ClientHello's message of these parts.
Buffer hello(const std::vector<std::uint16_t>& ciphers, const std::vector<Extension>& extensions,
             std::uint16_t version = 0x0303, HelloOver over = HelloOver::tcp) {
  ByteWriter all;
  for (const Extension& extension : extensions) all.u16(extension.type).counted_u16(extension.content);
  ByteWriter body;
  body.u16(version).fill(32, 7).u8(0);
  if (over == HelloOver::dtls) body.u8(0);
  body.bytes(list_u16(ciphers)).u8(1).u8(0);
  if (!extensions.empty()) body.counted_u16(all.buffer());
  return ByteWriter().u8(1).counted_u24(body.buffer());
}

const std::vector<std::uint16_t> kCiphers{0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                                          0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
const std::vector<std::uint16_t> kSignatures{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};

// Chrome, as the specification has it, with the extension that each version has of its own.
Buffer chrome(const std::vector<std::uint16_t>& own, const std::vector<std::uint16_t>& signatures = kSignatures) {
  std::vector<Extension> extensions{{0x2a2a},
                                    {0x001b},
                                    {0x0000, Buffer{0, 4, 0, 0, 1, 'x'}},
                                    {0x0033},
                                    {0x0010, alpn("h2")},
                                    {0x0017},
                                    {0x002d},
                                    {0x0005},
                                    {0x0023},
                                    {0x0012},
                                    {0x002b, versions({0x3a3a, 0x0304, 0x0303})},
                                    {0xff01},
                                    {0x000b},
                                    {0x000a}};
  if (!signatures.empty()) extensions.push_back({0x000d, list_u16(signatures)});
  for (const std::uint16_t type : own) extensions.push_back({type});
  return hello(kCiphers, extensions);
}

TEST(Ja4, IsTheSpecificationsExample) {
  EXPECT_EQ(tls::ja4_of(chrome({0x4469, 0x0015}), HelloOver::tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, IsWhatIsPublishedOfLaterBrowsers) {
  EXPECT_EQ(tls::ja4_of(chrome({0x4469, 0xfe0d}), HelloOver::tcp), "t13d1516h2_8daaf6152771_02713d6af862");
  EXPECT_EQ(tls::ja4_of(chrome({0x44cd, 0xfe0d}), HelloOver::tcp), "t13d1516h2_8daaf6152771_d8a2da3f94cd");
}

TEST(Ja4, LeavesGreaseOutEverywhere) {
  std::vector<std::uint16_t> signatures = kSignatures;
  signatures.insert(signatures.begin() + 2, 0x5a5a);
  EXPECT_EQ(tls::ja4_of(chrome({0x4469, 0x0015, 0xfafa}, signatures), HelloOver::tcp),
            "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Ja4, HasNoUnderscoreWithoutSignatureAlgorithms) {
  // The specification's list, which counts signature_algorithms itself.
  std::vector<std::uint16_t> own{0x4469, 0x0015, 0x000d};
  Buffer message = chrome(own, {});
  EXPECT_EQ(tls::ja4_of(message, HelloOver::tcp), "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

TEST(Ja4, OfNothingIsZeros) {
  EXPECT_EQ(tls::ja4_of(hello({}, {}), HelloOver::tcp), "t12i000000_000000000000_000000000000");
  EXPECT_EQ(tls::ja4_of(hello({}, {{0x0000}, {0x0010, alpn("h3")}}, 0x0301), HelloOver::quic),
            "q10d0002h3_000000000000_000000000000");
}

TEST(Ja4, CountsNoFurtherThanNinetyNine) {
  std::vector<std::uint16_t> ciphers(130);
  std::iota(ciphers.begin(), ciphers.end(), 0);
  EXPECT_EQ(tls::ja4_of(hello(ciphers, {}), HelloOver::tcp).substr(0, 10), "t12i990000");
  ciphers.resize(99);
  EXPECT_EQ(tls::ja4_of(hello(ciphers, {}), HelloOver::tcp).substr(0, 10), "t12i990000");
  ciphers.resize(98);
  EXPECT_EQ(tls::ja4_of(hello(ciphers, {}), HelloOver::tcp).substr(0, 10), "t12i980000");
}

TEST(Ja4, TellsTheVersion) {
  const std::pair<std::uint16_t, std::string_view> versions[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"},
                                                                 {0x0301, "10"}, {0x0300, "s3"}, {0x0002, "s2"},
                                                                 {0xfeff, "d1"}, {0xfefd, "d2"}, {0x7f1c, "00"}};
  for (const auto& [version, code] : versions) {
    EXPECT_EQ(tls::ja4_of(hello({1}, {}, version), HelloOver::tcp).substr(1, 2), code) << version;
  }
}

TEST(Ja4, ReadsTheVersionsOfDtlsDownwards) {
  const Buffer message = hello({1}, {{0x002b, test::versions({0xfefd, 0xfefc})}}, 0xfefd, HelloOver::dtls);
  EXPECT_EQ(tls::ja4_of(message, HelloOver::dtls).substr(0, 10), "dd3i010100");
}

TEST(Ja4, ShortensTheFirstProtocol) {
  const std::pair<std::string_view, std::string_view> examples[] = {{"http/1.1", "h1"},
                                                                    {"h2", "h2"},
                                                                    {"x", "xx"},
                                                                    {"", "00"},
                                                                    {"\xab", "ab"},
                                                                    {"\xab\xcd", "ad"},
                                                                    {"\x30\xab", "3b"},
                                                                    {"\x30\x31\xab\xcd", "3d"},
                                                                    {"h\n", "6a"},
                                                                    {"Zz", "Zz"},
                                                                    {"\x30\xab\xcd\x31", "01"}};
  for (const auto& [protocol, code] : examples) {
    EXPECT_EQ(tls::ja4_of(hello({1}, {{0x0010, alpn(protocol)}}), HelloOver::tcp).substr(8, 2), code) << protocol;
  }
}

TEST(Ja4, OfWhatIsCutOffIsNone) {
  const Buffer whole = chrome({0x4469, 0x0015});
  ASSERT_EQ(tls::ja4_of(whole, HelloOver::tcp).size(), tls::kJa4Size);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(tls::ja4_of(Bytes(whole).first(size), HelloOver::tcp), "") << size;
  }
}

TEST(Ja4, OfDamagedHellosIsOneOrNone) {
  Buffer damaged = chrome({0x4469, 0x0015});
  for (std::size_t at = 0; at < damaged.size(); ++at) {
    const std::uint8_t before = damaged[at];
    for (const int bits : {0x01, 0x80, 0xff}) {
      damaged[at] = static_cast<std::uint8_t>(before ^ bits);
      const std::string ja4 = tls::ja4_of(damaged, HelloOver::tcp);
      EXPECT_TRUE(ja4.empty() || tls::parse_ja4_pattern(ja4)) << ja4;
    }
    damaged[at] = before;
  }
}

TEST(Ja4, IsKnownExactlyWhenTheHelloIsComplete) {
  const Buffer message = client_hello_message("www.example.com");
  for (std::size_t size = 1; size <= message.size(); ++size) {
    const auto parsed = tls::parse_client_hello(Bytes(message).first(size));
    EXPECT_EQ(parsed.ok() && !parsed->message.empty(), size == message.size()) << size;
  }
}

TEST(Ja4Pattern, IsAWholeFingerprintOrItsFirstParts) {
  const std::string_view ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
  for (const std::size_t size : {10u, 23u, 36u}) {
    const auto pattern = tls::parse_ja4_pattern(ja4.substr(0, size));
    ASSERT_TRUE(pattern) << size;
    EXPECT_TRUE(tls::ja4_matches(ja4, *pattern));
    EXPECT_FALSE(tls::ja4_matches("t13d1517h2_8daaf6152771_e5627efa2ab1", *pattern));
  }
  EXPECT_FALSE(tls::ja4_matches("t13d1516h2", ja4));
  EXPECT_FALSE(tls::ja4_matches("", "t13d1516h2"));
}

TEST(Ja4Pattern, OfAnotherFormIsRefused) {
  for (const std::string_view wrong :
       {"", "t13", "t13d1516h2_", "t13d1516h2_8daaf615277", "t13d1516h2_8DAAF6152771", "x13d1516h2", "t14d1516h2",
        "t13x1516h2", "t13dab16h2", "t13d1516h2-8daaf6152771", "t13d1516h2_8daaf6152771_e5627efa2ab1_", "t13d1516h*",
        "t13d1516h2_8daaf6152771_e5627efa2ab12"}) {
    EXPECT_FALSE(tls::parse_ja4_pattern(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace netscope::test
