// What the gateway does, as a table of sentences.

#include "netscope/engine/worker.h"

#include <gtest/gtest.h>

#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

TEST(Worker, AnSniStopsTheHelloAndBothDirectionsAfterwards) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.judge(connected().client(kBlockedHello).server(server_hello()).close().packets()), "AAADDDDDDD");
  EXPECT_EQ(gateway.judge(connected(50000).client(kFineHello).server(server_hello()).close().packets()), "AAAAAAAAAA");
  EXPECT_EQ(gateway.statistics().reasons.rules, 1u);
  EXPECT_EQ(gateway.statistics().reasons.flow_drop, 6u);
}

TEST(Worker, ThePacketThatCompletesTheNameIsTheOneStopped) {
  const std::size_t end_of_name = as_text(kBlockedHello).find("www.blocked.example") + 19;
  Gateway gateway(kBlockedDomain);
  for (const std::size_t piece : {10u, 33u, 64u}) {
    const auto port = static_cast<std::uint16_t>(50000 + piece);
    const std::string verdicts = gateway.judge(connected(port).client_in_pieces(kBlockedHello, piece).packets());
    EXPECT_EQ(verdicts.find('D'), 3 + (end_of_name - 1) / piece) << "in pieces of " << piece;
    EXPECT_EQ(verdicts.find('A', verdicts.find('D')), std::string::npos);
  }
}

TEST(Worker, AHostStopsTheSecondRequestOfAConnection) {
  Gateway gateway(kBlockedDomain);
  TcpConversation web = connected(51234, 80);
  web.client(http_request("GET", "/", "fine.example")).server(http_response(200, "hello"));
  web.client(http_request("GET", "/", "blocked.example"));
  EXPECT_EQ(gateway.judge(web.packets()), "AAAAAAADD");
}

TEST(Worker, PipelinedRequestsAreEachJudged) {
  Gateway gateway(kBlockedDomain);
  const Buffer both = join({http_request("GET", "/", "fine.example"), http_request("GET", "/", "blocked.example")});
  EXPECT_EQ(gateway.judge(connected(51234, 80).client(both).packets()), "AAADD");
}

TEST(Worker, ADnsQueryIsDroppedAndTheNextOfTheSameSocketPasses) {
  Gateway gateway(kBlockedDomain);
  UdpConversation resolver({.server_port = 53});
  resolver.client(dns_query("blocked.example")).client(dns_query("fine.example"));
  resolver.server(dns_response("fine.example", {{.value = "192.0.2.1"}})).client(dns_query("a.blocked.example"));
  EXPECT_EQ(gateway.judge(resolver.packets()), "DAAD");
}

TEST(Worker, ADnsQueryOverTcpStopsItsConnection) {
  Gateway gateway(kBlockedDomain);
  TcpConversation resolver = connected(51234, 53);
  resolver.client(over_tcp(dns_query("fine.example"))).client(over_tcp(dns_query("blocked.example")));
  EXPECT_EQ(gateway.judge(resolver.packets()), "AAAAADD");
}

// A query whose name is a label of a kind that does not exist.
Buffer unreadable_query() {
  return ByteWriter().u16(7).u16(0x0100).u16(1).u16(0).u16(0).u16(0).bytes(Buffer{0x80, 0, 0, 1, 0, 1});
}
const std::string kUnparsed = "[policy]\nunparsed = 'drop'\n";

TEST(Worker, ADnsQueryThatLiesOfWhatFollowsIsJudged) {
  Buffer query = dns_query("blocked.example");
  constexpr std::size_t kAdditional = 10;
  query[kAdditional] = query[kAdditional + 1] = 0xff;
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 53}).client(query).packets()), "D");
  EXPECT_EQ(gateway.judge(connected(51234, 53).client(over_tcp(query)).packets()), "AAADD");
}

TEST(Worker, AnUnreadableDnsQueryFollowsThePolicyWhereRulesAskForNames) {
  const auto over_udp = [](const std::string& rules) {
    Gateway gateway(rules);
    UdpConversation resolver({.server_port = 53});
    resolver.client(unreadable_query()).client(dns_query("fine.example")).client(unreadable_query());
    return gateway.judge(resolver.client(dns_query("blocked.example")).packets());
  };
  EXPECT_EQ(over_udp(kUnparsed + kBlockedDomain), "DADD");
  EXPECT_EQ(over_udp(kBlockedDomain), "AAAD") << "and none is accepted for good";
  EXPECT_EQ(over_udp(kUnparsed), "AAAA") << "nobody wants its name";
  EXPECT_EQ(over_udp("[[rule]]\nname='ok'\naction='accept'\nproto=['dns']\n" + kBlockedDomain), "AAAA");
  const auto over_stream = [](const std::string& rules) {
    Gateway gateway(rules);
    TcpConversation resolver = connected(51234, 53);
    resolver.client(over_tcp(unreadable_query())).client(over_tcp(dns_query("blocked.example")));
    return gateway.judge(resolver.packets());
  };
  EXPECT_EQ(over_stream(kUnparsed + kBlockedDomain), "AAADDDD");
  EXPECT_EQ(over_stream(kBlockedDomain), "AAAAADD");
}

TEST(Worker, OnlyThePortOfDnsMakesAnUnreadableQueryOfWhatLooksLikeOne) {
  Gateway gateway(kUnparsed + kBlockedDomain);
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 4000}).client(unreadable_query()).packets()), "A");
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 53}).client(Buffer(60, 0xee)).packets()), "A");
  EXPECT_EQ(gateway.judge(connected(40001, 4000).client(over_tcp(unreadable_query())).packets()), "AAAAA");
  EXPECT_EQ(gateway.judge(connected(40002, 53).client(kFineHello).packets()), "AAAAA");
}

// A list of what is allowed must not wait for ever for the name of what has none.
TEST(Worker, OnThePortOfDnsTheDefaultDropsWhatNobodyKnows) {
  Gateway gateway("[policy]\ndefault='drop'\n[[rule]]\nname='ok'\naction='accept'\ndomain=['fine.example']\n");
  EXPECT_EQ(gateway.judge(connected(40001, 53).client(Buffer(200, 0xee)).packets()).substr(3), "DD");
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 53}).client(unreadable_query()).packets()), "D");
  EXPECT_EQ(gateway.judge(connected(40003, 53).client(over_tcp(dns_query("fine.example"))).packets()), "AAAAA");
}

TEST(Worker, AnAddressRuleStopsTheSyn) {
  Gateway gateway(dropping("dst = ['203.0.113.0/24']"));
  EXPECT_EQ(gateway.judge(connected().packets()), "DDD");
  EXPECT_EQ(gateway.judge(TcpConversation({.server = "192.0.2.1"}).handshake().packets()), "AAA");
}

TEST(Worker, APortRuleAsksForTheServersPort) {
  Gateway gateway(dropping("port = [443]"));
  EXPECT_EQ(gateway.judge(connected(50000, 443).packets()), "DDD");
  EXPECT_EQ(gateway.judge(connected(443, 50000).packets()), "AAA");
}

TEST(Worker, AConnectionUnderWayIsJudgedByTheSameEnds) {
  Gateway gateway(dropping("dst = ['203.0.113.9']"));
  const Packet answer = ethernet().ipv4("203.0.113.9", "192.168.1.20").tcp(443, 51234).flags("PA").payload("data");
  EXPECT_EQ(gateway.judge(answer), "D") << "the client is the one whose port is no service's";
}

TEST(Worker, ARejectingRuleRejects) {
  Gateway gateway("[[rule]]\nname='r'\naction='reject'\ndomain=['blocked.example']\n");
  EXPECT_EQ(gateway.judge(connected().client(kBlockedHello).packets()), "AAARR");
  EXPECT_EQ(gateway.statistics().rejected.packets, 2u);
}

TEST(Worker, ApplicationsAndCategoriesAreFoundByTheirNames) {
  Gateway app(dropping("app = ['YouTube']"));
  EXPECT_EQ(app.judge(connected().client(client_hello("rr1---sn-4g5e.googlevideo.com")).packets()), "AAADD");
  EXPECT_EQ(app.judge(connected(50000).client(client_hello("notyoutube.com")).packets()), "AAAAA");
  Gateway category(dropping("category = ['social']"));
  EXPECT_EQ(category.judge(connected().client(client_hello("www.tiktok.com")).packets()), "AAADD");
  EXPECT_EQ(category.judge(UdpConversation({.server_port = 53}).client(dns_query("tiktok.com")).packets()), "D");
}

TEST(Worker, AProtocolRuleWaitsForTheProtocol) {
  Gateway gateway(dropping("proto = ['http']"));
  EXPECT_EQ(gateway.judge(connected(50000, 8080).client(http_request("GET", "/", "x.example")).packets()), "AAADD");
  EXPECT_EQ(gateway.judge(connected(50001, 80).client(kFineHello).packets()), "AAAAA");
}

TEST(Worker, TheDefaultDropsWhatNoRuleAccepts) {
  Gateway gateway("[policy]\ndefault='drop'\n[[rule]]\nname='ok'\naction='accept'\ndomain=['fine.example']\n");
  EXPECT_EQ(gateway.judge(connected(1).client(kFineHello).server(server_hello()).packets()), "AAAAAAA");
  EXPECT_EQ(gateway.judge(connected(2).client(client_hello("other.example")).packets()), "AAADD");
  EXPECT_EQ(gateway.judge(connected(3).client(as_bytes("SSH-2.0-OpenSSH_9.6\r\n")).packets()).substr(0, 3), "AAA");
  EXPECT_EQ(gateway.judge(UdpConversation({.server_port = 9999}).client(noise(50)).packets()), "D");
  EXPECT_EQ(gateway.judge(ethernet().ipv4("192.168.1.20", "203.0.113.9").icmp(8, 0, 1)), "D");
  EXPECT_GE(gateway.statistics().reasons.default_policy, 3u);
}

TEST(Worker, WithoutAnyRuleThePolicyStopsTheSyn) {
  Gateway gateway("[policy]\ndefault='drop'\n");
  EXPECT_EQ(gateway.judge(connected().packets()), "DDD");
  EXPECT_EQ(gateway.statistics().reasons.default_policy, 1u);
  EXPECT_EQ(gateway.statistics().reasons.flow_drop, 2u);
}

TEST(Worker, WhatCannotBeParsedFollowsThePolicyForIt) {
  const Packets unparsed{
      {.at = kTestTime, .packet = ethernet().announcing(0x0806).payload(Buffer(28, 0))},
      {.at = kTestTime, .packet = ethernet().ipv4("192.168.1.20", "203.0.113.9").length_field(10).udp(1, 2)},
      {.at = kTestTime, .packet = ethernet().ipv4("192.168.1.20", "203.0.113.9").udp(1, 2).cut_to(36)},
  };
  Gateway strict("[policy]\nunparsed='drop'\n");
  EXPECT_EQ(strict.judge(unparsed), "DDD");
  EXPECT_EQ(strict.statistics().reasons.unparsed, 3u);
  EXPECT_EQ(strict.statistics().not_ip.packets, 1u);
  EXPECT_EQ(strict.statistics().malformed.packets, 1u);
  EXPECT_EQ(strict.statistics().cut_off.packets, 1u);
  Gateway lenient(kBlockedDomain);
  EXPECT_EQ(lenient.judge(unparsed), "AAA");
}

TEST(Worker, AnIcmpErrorSharesTheFateOfItsFlow) {
  const Packet inside = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(51234, 443);
  const Packet error = ethernet().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 4).quoting(inside);
  Gateway gateway(kBlockedDomain);
  gateway.judge(connected().packets());
  EXPECT_EQ(gateway.judge(error), "A");
  gateway.judge(connected().client(kBlockedHello).packets());
  EXPECT_EQ(gateway.judge(error), "D");
  EXPECT_EQ(gateway.statistics().icmp.packets, 2u);
}

TEST(Worker, AnIcmpErrorOfNoKnownFlowIsJudgedAsIcmp) {
  const Packet inside = ethernet().ipv4("192.168.1.20", "203.0.113.9").tcp(51234, 443);
  const Packet error = ethernet().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 4).quoting(inside);
  Gateway gateway(dropping("proto = ['icmp']"));
  EXPECT_EQ(gateway.judge(error), "D");
  Gateway tcp_only(dropping("proto = ['tcp']"));
  EXPECT_EQ(tcp_only.judge(error), "A");
}

TEST(Worker, ARuleOnTheOuterAddressOfATunnelHolds) {
  const Packet tunnel = ethernet().ipv4("192.168.1.20", "198.51.100.2").udp(40000, 4789).vxlan(7).ethernet();
  Gateway gateway(dropping("dst = ['198.51.100.2']"));
  EXPECT_EQ(gateway.judge(TcpConversation({.link = tunnel}).handshake().packets()).front(), 'D');
  Gateway inner(dropping("dst = ['203.0.113.9']"));
  EXPECT_EQ(inner.judge(TcpConversation({.link = tunnel}).handshake().packets()), "DDD");
  Gateway name(kBlockedDomain);
  EXPECT_EQ(name.judge(TcpConversation({.link = tunnel}).handshake().client(kBlockedHello).packets()), "AAADD");
}

TEST(Worker, Ipv6IsJudgedJustTheSame) {
  Gateway gateway(kBlockedDomain);
  TcpConversation web({.client = "2001:db8::20", .server = "2001:db8::9"});
  EXPECT_EQ(gateway.judge(web.handshake().client(kBlockedHello).packets()), "AAADD");
  EXPECT_EQ(gateway.statistics().ipv6.packets, 5u);
}

TEST(Worker, AConnectTunnelIsJudgedByBothItsNames) {
  Gateway gateway(kBlockedDomain);
  TcpConversation proxy = connected(51234, 3128);
  proxy.client(http_request("CONNECT", "fine.example:443", "fine.example:443")).server(http_response(200));
  proxy.client(kBlockedHello);
  EXPECT_EQ(gateway.judge(proxy.packets()), "AAAAAAADD");
}

TEST(Worker, AVerdictForTheFlowIsGivenOnceNothingCanChangeIt) {
  Worker worker(rule_set(kBlockedDomain), {.flow_capacity = 16});
  const Decoded decoded = decode(connected().client(kFineHello).server(server_hello()).packets());
  std::vector<Verdict> verdicts(decoded.packets.size());
  worker.process(decoded.packets, verdicts);
  EXPECT_FALSE(verdicts.front().for_flow);
  EXPECT_TRUE(verdicts.back().for_flow);
}

TEST(Worker, LogRulesCountAndDecideNothing) {
  Gateway gateway("[[rule]]\nname='l'\naction='log'\ndomain=['blocked.example']\n");
  EXPECT_EQ(gateway.judge(connected().client(kBlockedHello).server(server_hello()).packets()), "AAAAAAA");
  EXPECT_EQ(gateway.worker().log_hits()[0], 1u);
}

TEST(Worker, EventsTellNamesAndBlocks) {
  Gateway gateway(kBlockedDomain, {.flow_capacity = 16, .recording = {.flows = true, .messages = true}});
  gateway.judge(connected().client(kBlockedHello).packets());
  gateway.finished();
  const std::vector<Event> events = gateway.worker().take_events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].kind, EventKind::drop);
  EXPECT_EQ(events[0].number, 4u);
  EXPECT_EQ(events[1].kind, EventKind::message);
  EXPECT_EQ(events[2].kind, EventKind::flow);
  for (const Event& event : events) {
    EXPECT_EQ(event.flow_id, events[0].flow_id);
    ASSERT_EQ(event.shown.names.size(), 1u);
    EXPECT_EQ(event.shown.names[0].name, "www.blocked.example");
    EXPECT_EQ(to_string(event.client.address), "192.168.1.20");
  }
  EXPECT_EQ(events[2].blocked_packets, 2u);
  EXPECT_TRUE(gateway.worker().take_events().empty());
}

}  // namespace
}  // namespace netscope::test
