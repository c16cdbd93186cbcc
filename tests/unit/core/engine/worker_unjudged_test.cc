// What could not be judged to its end is never accepted for good: at no limit, and whoever pushes whom to it.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/dpi/http.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using std::chrono::minutes;

const Bytes kHalf = Bytes(kBlockedHello).first(60), kRest = Bytes(kBlockedHello).subspan(60);
const Bytes kFineHalf = Bytes(kFineHello).first(60), kFineRest = Bytes(kFineHello).subspan(60);
const std::string kNeighbour = "192.168.1.99";

TcpConversation from(const std::string& client, std::uint16_t port) {
  return TcpConversation({.client = client, .client_port = port}).handshake();
}

// The last packet alone.
Packets last_of(const TcpConversation& web) {
  const Packets all = web.packets();
  return {all.back()};
}

Packets rest_of(std::uint16_t port, Bytes rest) {
  return last_of(connected(port).client_at(60, rest));
}

// A request whose head does not end, of `size` bytes.
Buffer unfinished_request(std::size_t size) {
  std::string text = "GET / HTTP/1.1\r\nX: ";
  text.resize(size, 'a');
  return Buffer(text.begin(), text.end());
}

TEST(Unjudged, UnfinishedRequestsPushNobodyElsesHelloOut) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 1024, .inspection_bytes = 1u << 20});
  gateway.judge(connected(1).client(kHalf).packets());
  gateway.judge(connected(2).client(kFineHalf).packets());
  for (std::uint16_t port = 1; port <= 150; ++port) {
    gateway.judge(from(kNeighbour, port).client(unfinished_request(15'000)).packets());
  }
  EXPECT_GT(gateway.statistics().given_up, 50u);
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "D");
  EXPECT_EQ(gateway.judge(rest_of(2, kFineRest)), "A");
  EXPECT_EQ(gateway.statistics().reasons.rules, 1u) << "and for its name";
}

TEST(Unjudged, ManyClientsTogetherPushOutThoseWhoHoldTheMost) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 1024, .inspection_bytes = 1u << 20});
  gateway.judge(connected(1).client(kFineHalf).packets());
  for (int i = 0; i < 100; ++i) {
    const std::string client = "192.168.2." + std::to_string(i + 1);
    for (std::uint16_t port = 1; port <= 8; ++port) {
      gateway.judge(from(client, port).client(unfinished_request(4'000)).packets());
    }
  }
  EXPECT_GT(gateway.statistics().given_up, 100u);
  EXPECT_EQ(gateway.judge(rest_of(1, kFineRest)), "A");
}

TEST(Unjudged, AClientThatPushesItsOwnHelloOutGainsNothing) {
  for (const bool requests : {false, true}) {
    Gateway gateway(kBlockedDomain, {.flow_capacity = 8192, .inspection_bytes = 1u << 20});
    const Buffer other = requests ? unfinished_request(15'000) : Buffer(kHalf.begin(), kHalf.end());
    for (std::uint16_t port = 1; port <= 800; ++port) gateway.judge(connected(port).client(other).packets());
    EXPECT_GT(gateway.statistics().given_up, 400u);
    for (std::uint16_t port = 5000; port < 5010; ++port) {
      gateway.judge(connected(port).client(kHalf).packets());
      EXPECT_EQ(gateway.judge(rest_of(port, kRest)), "D");
      EXPECT_EQ(gateway.judge(rest_of(port, kRest)), "D") << "said again";
    }
    EXPECT_EQ(gateway.judge(connected(6000).client(kFineHello).packets()), requests ? "AAAAA" : "AAADA")
        << "its share is used up";
    EXPECT_EQ(gateway.judge(from(kNeighbour, 1).client(kFineHello).packets()), "AAAAA");
  }
}

TEST(Unjudged, SynsPushNoHelloOutOfASmallTable) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 64});
  gateway.judge(connected(1).client(kHalf).packets());
  for (std::uint16_t port = 1; port <= 5000; ++port) {
    gateway.judge(ethernet().ipv4(kNeighbour, "203.0.113.9").tcp(port, 443).flags("S"));
  }
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "D");
  EXPECT_EQ(gateway.statistics().evicted_pending, 5000u - 63u);
}

TEST(Unjudged, AnEvictedHalfDoesNotComeBackAsAStranger) {
  for (const Duration pause : {Duration{}, Duration{minutes{20}}}) {
    Gateway gateway(kBlockedDomain, {.flow_capacity = 16});
    gateway.judge(connected(1).client(kHalf).packets());
    for (std::uint16_t port = 1; port <= 40; ++port) gateway.judge(from(kNeighbour, port).client(kHalf).packets());
    const Packets rest = later(rest_of(1, kRest), pause);
    EXPECT_EQ(gateway.judge(rest), "D");
    EXPECT_EQ(gateway.released(rest), ".") << "nobody judged it";
    EXPECT_EQ(gateway.statistics().reasons.unjudged, 2u);
    EXPECT_EQ(gateway.judge(later(connected(2).client(kFineHello).packets(), pause)), "AAAAA") << "another connection";
    TcpConversation anew({.client_port = 1, .client_sequence = 900'000, .server_sequence = 700'000});
    EXPECT_EQ(gateway.judge(later(anew.handshake().client(kFineHello).packets(), pause)), "AAAAA") << "on its ports";
  }
}

TEST(Unjudged, AnEvictedConnectionThatWasJudgedComesBackAsItWas) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 16});
  gateway.judge(connected(1).client(kFineHello).server(server_hello()).packets());
  gateway.judge(connected(2).client(kBlockedHello).packets());
  gateway.judge(connected(3).packets());
  for (std::uint16_t port = 1; port <= 40; ++port) gateway.judge(from(kNeighbour, port).client(kHalf).packets());
  const auto goes_on = [&](std::uint16_t port) {
    return gateway.judge(last_of(connected(port).client_at(900, noise(400))));
  };
  EXPECT_EQ(goes_on(1), "A");
  EXPECT_EQ(goes_on(2), "D") << "blocked before";
  EXPECT_EQ(gateway.judge(last_of(connected(3).client(kFineHello))), "A") << "nothing of it was lost";
  EXPECT_EQ(gateway.judge(last_of(connected(4).client_at(900, noise(400)))), "A") << "never seen before";
}

TEST(Unjudged, APauseIsNoWayOutEither) {
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected(1).client(kHalf).packets());
  gateway.judge(later(connected(2).packets(), minutes{40}));  // whose time makes the table forget the first
  EXPECT_EQ(gateway.judge(later(rest_of(1, kRest), minutes{41})), "D");
}

TEST(Unjudged, QuicWhoseHelloWasBegunDoesNotComeBackAsAStranger) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 16});
  const Buffer hello = client_hello_message("www.blocked.example");
  const auto datagram = [&](std::size_t from, std::size_t to) {
    return quic_initial(crypto_frame(from, Bytes(hello).subspan(from, to - from)));
  };
  const auto flow = [](std::uint16_t port) { return UdpConversation({.client_port = port}); };
  gateway.judge(flow(1).client(datagram(0, 60)).packets());
  for (std::uint16_t port = 100; port < 140; ++port) gateway.judge(flow(port).client(datagram(0, 60)).packets());
  EXPECT_EQ(gateway.judge(flow(1).client(datagram(60, hello.size())).packets()), "D");
  EXPECT_EQ(gateway.judge(flow(200).client(datagram(0, 60)).client(datagram(60, hello.size())).packets()), "AD");
}

TEST(Unjudged, ThePolicyMayLetItPassAndSaysSo) {
  Gateway gateway("[policy]\nunjudged='accept'\n" + kBlockedDomain, {.flow_capacity = 16});
  gateway.judge(connected(1).client(kHalf).packets());
  for (std::uint16_t port = 1; port <= 40; ++port) gateway.judge(from(kNeighbour, port).client(kHalf).packets());
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "A");
  EXPECT_EQ(gateway.released(rest_of(1, kRest)), ".") << "and the kernel remembers nothing";
  EXPECT_EQ(gateway.statistics().passed_unjudged, 2u);
}

TEST(Unjudged, AFragmentOfADatagramThatWasGivenUpIsNone) {
  const auto verdict = [](std::string_view rules) {
    Worker worker(rule_set(rules), {.flow_capacity = 16});
    netscope::Packet packet = decode(connected().packets()).packets[0];
    packet.kind = PacketKind::given_up;
    Verdict out;
    worker.process({&packet, 1}, {&out, 1});
    return out.action;
  };
  EXPECT_EQ(verdict(kBlockedDomain), Action::drop);
  EXPECT_EQ(verdict("[policy]\nunjudged='accept'\n" + kBlockedDomain), Action::accept);
  EXPECT_EQ(verdict(dropping("dst = ['198.51.100.1']")), Action::accept) << "no rule asks for what it might say";
}

TEST(Unjudged, WhereNoRuleAsksForNamesAllIsJudged) {
  Gateway gateway(dropping("dst = ['198.51.100.1']"), {.flow_capacity = 16});
  gateway.judge(connected(1).client(kHalf).packets());
  for (std::uint16_t port = 1; port <= 40; ++port) gateway.judge(from(kNeighbour, port).client(kHalf).packets());
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "A");
  EXPECT_EQ(gateway.statistics().passed_unjudged, 0u);
}

TEST(Unjudged, AReloadThatNeedsNoNameJudgesIt) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 16});
  gateway.judge(connected(1).client(kHalf).packets());
  for (std::uint16_t port = 1; port <= 40; ++port) gateway.judge(from(kNeighbour, port).client(kHalf).packets());
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "D");
  gateway.reload("");
  EXPECT_EQ(gateway.judge(rest_of(1, kRest)), "A");
}

// A hello whose name claims to be longer than its extension (RFC 6066, section 3).
Buffer broken_hello() {
  Buffer hello = kFineHello;
  const std::string_view name = "fine.example";
  const auto at = std::ranges::search(hello, name).begin();
  *(at - 2) = 0xff;
  return hello;
}

TEST(Unjudged, WhatHasTheFormOfAHelloOrARequestAndCannotBeReadIsNotAcceptedForGood) {
  for (const Buffer& said : {broken_hello(), unfinished_request(http::kMaxRequestHead + 1)}) {
    Gateway gateway(kBlockedDomain);
    const TcpConversation web = connected().client(said).server(noise(100)).client(noise(100)).server(noise(100));
    const std::string released = gateway.released(web.packets());
    EXPECT_EQ(released.find('F'), std::string::npos) << released;
    EXPECT_EQ(gateway.statistics().given_up, 1u);
    EXPECT_GT(gateway.statistics().reasons.unjudged, 0u);
  }
}

TEST(Unjudged, AFakeThatCannotBeReadCostsNothing) {
  for (const bool blocked : {false, true}) {
    const Buffer& hello = blocked ? kBlockedHello : kFineHello;
    Gateway gateway(kBlockedDomain);
    TcpConversation web = connected().client_fake_at(0, broken_hello(), 2).client(hello).server(server_hello());
    EXPECT_EQ(gateway.judge(web.packets()), blocked ? "AAAADDDD" : "AAAAAAAA");
  }
}

TEST(Unjudged, UnknownProtocolsAreUnknown) {
  Gateway gateway(kBlockedDomain);
  const Packets packets = connected().client(noise(300)).server(noise(300)).client(noise(300)).packets();
  EXPECT_NE(gateway.released(packets).find('F'), std::string::npos);
  EXPECT_EQ(gateway.statistics().given_up, 0u);
}

// Rules on addresses behind one on names that might accept.
const std::string kOpenAccept =
    "[[rule]]\nname='ok'\naction='accept'\ndomain=['fine.example']\n" + dropping("dst = ['203.0.113.9']");

TEST(Opening, WhoNeverSaysANameCarriesNoMoreThanAnOpening) {
  Gateway gateway(kOpenAccept);
  const std::string verdicts = gateway.judge(connected().server(noise(200'000)).packets());
  EXPECT_LT(std::ranges::count(verdicts, 'A'), 20) << verdicts;
  EXPECT_EQ(verdicts.back(), 'D');
  EXPECT_EQ(gateway.judge(connected(2).client(kFineHello).server(noise(200'000)).packets()).find('D'),
            std::string::npos);
}

TEST(Opening, AMessageThatHasNotAllComeIsReadToItsEnd) {
  Gateway gateway(kOpenAccept);
  const Buffer upload = unfinished_request(12'000);
  std::string rest = "\r\nHost: fine.example\r\n\r\n";
  Buffer whole = upload;
  whole.insert(whole.end(), rest.begin(), rest.end());
  EXPECT_EQ(gateway.judge(connected().client(whole).packets()).find('D'), std::string::npos);
}

}  // namespace
}  // namespace netscope::test
