#include "netscope/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <random>

namespace netscope {
namespace {

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}

TEST(IpAddress, ReadsDottedIpv4) {
  EXPECT_EQ(address("192.0.2.1"), IpAddress::v4(0xc0000201));
  EXPECT_EQ(address("0.0.0.0").version, IpVersion::v4);
  EXPECT_EQ(to_string(address("255.255.255.255")), "255.255.255.255");
}

TEST(IpAddress, RefusesWhatProgramsReadInTwoWays) {
  for (const char* text :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "01.2.3.4", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 ",
        " 1.2.3.4", "+1.2.3.4", "0x1.2.3.4", "1.2.3.4:80", "999999999999.1.1.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, WritesIpv6AsRfc5952Asks) {
  const std::pair<const char*, const char*> cases[] = {
      {"2001:0DB8:0:0:0:0:2:1", "2001:db8::2:1"},        // 4.2.1: as short as possible
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // 4.2.2: one group is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // 4.2.3: the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // 4.2.3: the first of equals
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},  // 5: IPv4-mapped
      {"::FFFF:c000:0201", "::ffff:192.0.2.1"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
  };
  for (const auto& [written, canonical] : cases) EXPECT_EQ(to_string(address(written)), canonical) << written;
}

TEST(IpAddress, RefusesBrokenIpv6) {
  for (const char* text :
       {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1%eth0",
        "[::1]", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4",
        "-1::", "1:::2", "::ffff:1.2.3.4.5"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, AgreesWithTheSystemOnRandomText) {
  std::mt19937 random(1);
  const std::string_view alphabet = "0123456789abcdefF::::....::";
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    const std::size_t size = random() % 24;
    for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
    if (round % 2 == 0) text = "::" + text;
    std::array<std::uint8_t, 16> bytes;
    const bool v6 = text.find(':') != std::string::npos;
    const bool system = inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1;
    const Result<IpAddress> ours = IpAddress::parse(text);
    ASSERT_EQ(ours.has_value(), system) << text;
    if (system) {
      ASSERT_EQ(*ours, IpAddress::from_bytes(Bytes(bytes).first(v6 ? 16 : 4))) << text;
    }
  }
}

TEST(IpAddress, WritesWhatItReads) {
  std::mt19937 random(2);
  for (int round = 0; round < 100'000; ++round) {
    std::array<std::uint8_t, 16> bytes;
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    const IpAddress six = IpAddress::from_bytes(bytes);
    ASSERT_EQ(address(to_string(six)), six);
    const IpAddress four = IpAddress::from_bytes(Bytes(bytes).first(4));
    ASSERT_EQ(address(to_string(four)), four);
  }
}

TEST(IpAddress, TakesFourOrSixteenBytesAndNothingElse) {
  const std::array<std::uint8_t, 17> bytes{1, 2, 3, 4};
  EXPECT_EQ(IpAddress::from_bytes(Bytes(bytes).first(4)), address("1.2.3.4"));
  for (const std::size_t size : {0, 3, 5, 15, 17}) {
    EXPECT_EQ(IpAddress::from_bytes(Bytes(bytes).first(size)), IpAddress{}) << size;
  }
  EXPECT_EQ(IpAddress{}.bit_count(), 0u);
  EXPECT_EQ(address("1.2.3.4").bit_count(), 32u);
  EXPECT_EQ(address("::").bit_count(), 128u);
}

TEST(IpPrefix, ReadsPrefixesAndHosts) {
  EXPECT_EQ(to_string(prefix("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(to_string(prefix("10.0.0.1")), "10.0.0.1/32");
  EXPECT_EQ(to_string(prefix("2001:DB8::/32")), "2001:db8::/32");
  EXPECT_EQ(to_string(prefix("::1")), "::1/128");
  EXPECT_EQ(to_string(prefix("0.0.0.0/0")), "0.0.0.0/0");
}

TEST(IpPrefix, NamesTheRightPrefixWhenHostBitsAreSet) {
  const Result<IpPrefix> wrong = IpPrefix::parse("192.168.20.7/24");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("\"192.168.20.0/24\""), std::string::npos) << wrong.error().message;
  EXPECT_FALSE(IpPrefix::parse("2001:db8::1/64"));
}

TEST(IpPrefix, RefusesBadLengths) {
  for (const char* text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "/8",
                           "10.0.0.0/255.0.0.0"}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

TEST(IpPrefix, ContainsItsOwnVersionOnly) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(address("10.255.1.2")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(address("11.0.0.0")));
  EXPECT_TRUE(prefix("10.128.0.0/9").contains(address("10.200.0.1")));
  EXPECT_FALSE(prefix("10.128.0.0/9").contains(address("10.127.255.255")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(address("1.2.3.4")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  EXPECT_FALSE(prefix("::/0").contains(address("1.2.3.4")));
  EXPECT_TRUE(prefix("2001:db8::/33").contains(address("2001:db8:7fff::1")));
  EXPECT_FALSE(prefix("2001:db8::/33").contains(address("2001:db8:8000::1")));
  EXPECT_FALSE(prefix("::/0").contains(IpAddress{}));
}

}  // namespace
}  // namespace netscope
