#include "core/dpi/dns_answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/payloads.h"

namespace netscope::dns {
namespace {

using test::Buffer;
using test::ByteWriter;

// "www.example.org alias.example.org > 203.0.113.9/300"; "" where there is no answer.
std::string summary(Bytes datagram) {
  const auto answer = std::make_unique<Answer>();
  if (!parse_answer(datagram, *answer)) return "";
  std::string out;
  for (const HostName& name : answer->all_names()) out += std::string(name.view()) + ' ';
  out += '>';
  for (const auto& [address, seconds] : answer->all_addresses()) {
    out += ' ' + to_string(address) + '/' + std::to_string(seconds);
  }
  return out;
}

struct Service {
  std::uint16_t priority = 1;
  Buffer target = {0};
  Buffer parameters;
};
Buffer https_response(const Service& service) {
  ByteWriter message;
  message.u16(1).u16(0x8180).u16(1).u16(1).u16(0).u16(0).bytes(test::dns_name("www.example.org")).u16(65).u16(1);
  message.u16(0xc00c).u16(65).u16(1).u32(120);
  ByteWriter data;
  data.u16(service.priority).bytes(service.target).bytes(service.parameters);
  return message.counted_u16(Buffer(data));
}
const Buffer kHints = ByteWriter()
                          .u16(1)
                          .counted_u16(Buffer{2, 'h', '3'})
                          .u16(4)
                          .counted_u16(Buffer{203, 0, 113, 9, 203, 0, 113, 10})
                          .u16(5)
                          .counted_u16(Buffer(40, 0xec))
                          .u16(6)
                          .counted_u16(Buffer{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});

const Buffer kChain = test::dns_response("www.Example.org", {{.value = "edge.example.net", .ttl_seconds = 100},
                                                             {.value = "a.example.com", .owner = "Edge.example.net"},
                                                             {.value = "203.0.113.9", .owner = "a.example.com"},
                                                             {.value = "2001:db8::9", .owner = "a.example.com"}});

TEST(DnsAnswer, AddressesAndTheirTimes) {
  EXPECT_EQ(summary(test::dns_response("WWW.example.org", {{.value = "203.0.113.9", .ttl_seconds = 30},
                                                           {.value = "203.0.113.10", .ttl_seconds = 60}})),
            "www.example.org > 203.0.113.9/30 203.0.113.10/60");
  EXPECT_EQ(summary(test::dns_response("v6.example", {{.value = "2001:db8::9"}}, 28)), "v6.example > 2001:db8::9/300");
}

TEST(DnsAnswer, AChainOfAliasesNamesItsEndAndLivesAsLongAsItsShortestLink) {
  EXPECT_EQ(summary(kChain), "www.example.org edge.example.net a.example.com > 203.0.113.9/100 2001:db8::9/100");
}

TEST(DnsAnswer, TheOrderOfRecordsDoesNotMatter) {
  std::vector<test::DnsAnswer> records{{.value = "edge.example.net", .ttl_seconds = 100},
                                       {.value = "a.example.com", .owner = "edge.example.net"},
                                       {.value = "203.0.113.9", .owner = "a.example.com"},
                                       {.value = "203.0.113.10", .owner = "stranger.example", .ttl_seconds = 7}};
  const auto by_value = [](const test::DnsAnswer& a, const test::DnsAnswer& b) { return a.value < b.value; };
  std::ranges::sort(records, by_value);
  do {
    EXPECT_EQ(summary(test::dns_response("www.example.org", records)),
              "www.example.org edge.example.net a.example.com > 203.0.113.9/100");
  } while (std::ranges::next_permutation(records, by_value).found);
}

TEST(DnsAnswer, TheLongestChainBackwards) {
  std::vector<test::DnsAnswer> chain{{.value = "203.0.113.9", .owner = "n15.example"}};
  for (std::size_t i = kMaxAnswerNames - 1; i > 0; --i) {
    chain.push_back({.value = "n" + std::to_string(i) + ".example",
                     .owner = i == 1 ? "" : "n" + std::to_string(i - 1) + ".example"});
  }
  const auto answer = std::make_unique<Answer>();
  ASSERT_TRUE(parse_answer(test::dns_response("n0.example", chain), *answer));
  EXPECT_EQ(answer->name_count, kMaxAnswerNames);
  EXPECT_EQ(answer->names.back().view(), "n15.example");
}

TEST(DnsAnswer, RecordsOfOthersDoNotCount) {
  EXPECT_EQ(summary(test::dns_response("www.example.org", {{.value = "203.0.113.9", .owner = "other.example"}})), "");
  EXPECT_EQ(summary(test::dns_response("www.example.org", {{.value = "b.example", .owner = "other.example"},
                                                           {.value = "203.0.113.9", .owner = "b.example"},
                                                           {.value = "203.0.113.10"}})),
            "www.example.org > 203.0.113.10/300");
}

TEST(DnsAnswer, ALoopOfAliasesEnds) {
  EXPECT_EQ(summary(test::dns_response("a.example", {{.value = "b.example"},
                                                     {.value = "a.example", .owner = "b.example"},
                                                     {.value = "203.0.113.9", .owner = "b.example"}})),
            "a.example b.example > 203.0.113.9/300");
}

TEST(DnsAnswer, WhatIsNoAnswer) {
  EXPECT_EQ(summary(test::dns_query("www.example.org")), "");
  EXPECT_EQ(summary(test::dns_response("www.example.org", {{.value = "203.0.113.9"}}, 1, 1, 3)), "");
  EXPECT_EQ(summary(test::dns_response("www.example.org", {})), "");
  EXPECT_EQ(summary(test::mdns_announcement("printer.local", "192.168.1.9")), "");
  Buffer chaos = test::dns_response("www.example.org", {{.value = "203.0.113.9"}});
  chaos[12 + 17 + 3] = 3;  // the question's class
  EXPECT_EQ(summary(chaos), "");
}

TEST(DnsAnswer, HintsOfHttpsRecordsAreAddresses) {
  EXPECT_EQ(summary(https_response({.parameters = kHints})),
            "www.example.org > 203.0.113.9/120 203.0.113.10/120 2001:db8::9/120");
  EXPECT_EQ(summary(https_response({.target = test::dns_name("edge.example.net"), .parameters = kHints})),
            "www.example.org > 203.0.113.9/120 203.0.113.10/120 2001:db8::9/120");
  EXPECT_EQ(summary(https_response({.priority = 0, .target = test::dns_name("edge.example.net"), .parameters = {}})),
            "");
}

TEST(DnsAnswer, LimitsHold) {
  std::vector<test::DnsAnswer> many;
  for (std::size_t i = 0; i < kMaxAnswerAddresses + 1; ++i) many.push_back({.value = "203.0.113." + std::to_string(i)});
  const auto answer = std::make_unique<Answer>();
  ASSERT_TRUE(parse_answer(test::dns_response("www.example.org", many), *answer));
  EXPECT_EQ(answer->address_count, kMaxAnswerAddresses);

  std::vector<test::DnsAnswer> chain;
  for (std::size_t i = 1; i <= kMaxAnswerNames; ++i) {
    const std::string owner = i == 1 ? "" : "n" + std::to_string(i - 1) + ".example";
    chain.push_back({.value = "n" + std::to_string(i) + ".example", .owner = owner});
  }
  chain.push_back({.value = "203.0.113.9"});
  ASSERT_TRUE(parse_answer(test::dns_response("n0.example", chain), *answer));
  EXPECT_EQ(answer->name_count, kMaxAnswerNames);

  std::vector<test::DnsAnswer> others(kMaxAnswerRecords, {.value = "192.0.2.1", .owner = "other.example"});
  others.back() = {.value = "203.0.113.9"};
  EXPECT_TRUE(parse_answer(test::dns_response("n0.example", others), *answer));
  others.insert(others.begin(), others.front());
  EXPECT_FALSE(parse_answer(test::dns_response("n0.example", others), *answer));
}

// What a truncated answer tells is a beginning of what the whole one does.
TEST(DnsAnswer, EveryTruncation) {
  for (const Buffer& whole : {kChain, https_response({.parameters = kHints})}) {
    const std::string all = summary(whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string some = summary(cut);
      EXPECT_TRUE(all.starts_with(some)) << size << ": " << some;
      EXPECT_NE(some, all) << size;
    }
  }
}

TEST(DnsAnswer, EveryByteFlipped) {
  const auto answer = std::make_unique<Answer>();
  for (const Buffer& whole : {kChain, https_response({.parameters = kHints})}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int mask : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
        Buffer flipped = whole;
        flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask);
        if (!parse_answer(flipped, *answer)) continue;
        ASSERT_GE(answer->name_count, 1u);
        ASSERT_LE(answer->name_count, kMaxAnswerNames);
        ASSERT_LE(answer->address_count, kMaxAnswerAddresses);
      }
    }
  }
}

TEST(DnsAnswer, ACompressionLoopEnds) {
  ByteWriter message;
  message.u16(1).u16(0x8180).u16(1).u16(2).u16(0).u16(0).bytes(test::dns_name("a.example")).u16(1).u16(1);
  const std::size_t at = Buffer(message).size();
  message.u16(0xc000 | at).u16(1).u16(1).u32(60).counted_u16(Buffer{203, 0, 113, 9});
  EXPECT_EQ(summary(Buffer(message)), "");
}

std::uint64_t fingerprint(Bytes datagram) {
  Exchange exchange;
  EXPECT_TRUE(parse_exchange(datagram, 7, exchange));
  return exchange.fingerprint;
}

TEST(DnsAnswer, AnAnswerHasTheFingerprintOfItsQuery) {
  const std::uint64_t asked = fingerprint(test::dns_query("www.Example.org", 1, 5));
  EXPECT_EQ(asked, fingerprint(test::dns_response("www.example.ORG", {{.value = "203.0.113.9"}}, 1, 5)));
  EXPECT_NE(asked, fingerprint(test::dns_response("www.example.org", {}, 1, 6)));
  EXPECT_NE(asked, fingerprint(test::dns_response("www.example.org", {}, 28, 5)));
  EXPECT_NE(asked, fingerprint(test::dns_response("ww.wexample.org", {}, 1, 5)));
  // The name behind the question, which points there.
  const Buffer packed = ByteWriter().u16(5).u16(0x0100).u16(1).u16(0).u16(0).u16(0).u16(0xc012).u16(1).u16(1).bytes(
      test::dns_name("www.example.org"));
  EXPECT_EQ(asked, fingerprint(packed));
  Exchange exchange;
  const Buffer query = test::dns_query("www.example.org");
  for (std::size_t size = 0; size < query.size(); ++size) {
    EXPECT_FALSE(parse_exchange(Bytes(query).first(size), 7, exchange)) << size;
  }
}

}  // namespace
}  // namespace netscope::dns
