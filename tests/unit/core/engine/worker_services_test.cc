// What lies behind a proxy, and what a protocol is used for.
#include <algorithm>

#include "support/http2_frames.h"
#include "support/quic_packets.h"
#include "unit/core/engine/gateway.h"

namespace netscope::test {
namespace {

using namespace std::chrono_literals;

Buffer socks5(std::string_view name) {
  return ByteWriter().u8(5).u8(1).u8(0).u8(3).u8(name.size()).text(name).u16(443);
}
const Buffer kGreeting = {5, 2, 0, 2}, kChosen = {5, 0}, kChosenPassword = {5, 2}, kPassword = {1, 1, 'u', 1, 'p'},
             kRight = {1, 0}, kGranted = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0}, kGranted4 = {0, 90, 0, 0, 0, 0, 0, 0};

Buffer text_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

TcpConversation through_socks(std::string_view asked, std::uint16_t port = 40001) {
  return connected(port).client(kGreeting).server(kChosen).client(socks5(asked)).server(kGranted);
}

// The letters from the first block on: of the client's last words, and of the server's acknowledgment.
std::string from_the_block_on(Gateway& gateway, const TcpConversation& conversation) {
  const std::string all = gateway.judge(conversation.packets());
  return all.substr(std::min(all.find_first_not_of('A'), all.size()));
}

std::string protocol_and_service(const TcpConversation& conversation) {
  Gateway gateway("", {.flow_capacity = 16, .recording = {.flows = true}});
  gateway.judge(conversation.packets());
  gateway.worker().finish();
  const Event flow = gateway.worker().take_events().back();
  return std::string(to_string(flow.protocol)) + " " + std::string(to_string(flow.service));
}

TEST(Socks, ANameAskedForIsBlocked) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(from_the_block_on(gateway, through_socks("www.blocked.example")).front(), 'D');
  EXPECT_EQ(from_the_block_on(gateway, through_socks("allowed.example", 40002)), "");
}

TEST(Socks, ANameBehindItIsBlocked) {
  Gateway gateway(kBlockedDomain);
  EXPECT_EQ(from_the_block_on(gateway, through_socks("allowed.example").client(client_hello("blocked.example"))), "DD");
  EXPECT_EQ(from_the_block_on(
                gateway, through_socks("allowed.example", 40002).client(http_request("GET", "/", "blocked.example"))),
            "DD");
  EXPECT_EQ(from_the_block_on(gateway, connected(40003)
                                           .client(kGreeting)
                                           .server(kChosenPassword)
                                           .client(kPassword)
                                           .server(kRight)
                                           .client(socks5("allowed.example"))
                                           .server(kGranted)
                                           .client(client_hello("blocked.example"))),
            "DD");
  const Buffer version_4 = ByteWriter().u8(4).u8(1).u16(443).u32(0xc6336401).u8(0);
  EXPECT_EQ(from_the_block_on(
                gateway, connected(40004).client(version_4).server(kGranted4).client(client_hello("blocked.example"))),
            "DD");
}

TEST(Socks, IsAProtocolOfRules) {
  Gateway gateway(dropping("proto = ['socks']"));
  EXPECT_EQ(from_the_block_on(gateway, through_socks("allowed.example")).front(), 'D');
  EXPECT_EQ(from_the_block_on(gateway, connected(40002).client(client_hello("a.example"))), "");
  EXPECT_EQ(protocol_and_service(through_socks("a.example")), "socks unknown");
  EXPECT_EQ(protocol_and_service(through_socks("a.example").client(client_hello("b.example"))), "tls unknown");
}

TEST(Http2, WithoutTlsIsKnownByItsPreface) {
  const Buffer preface = join({text_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer{0, 0, 0, 4, 0, 0, 0, 0, 0}});
  EXPECT_EQ(protocol_and_service(connected(40001).client(preface)), "http2 unknown");
  Gateway gateway(dropping("proto = ['http2']"));
  EXPECT_EQ(from_the_block_on(gateway, connected(40001).client(preface)), "DD");
}

TEST(Http2, ARequestIsBlockedByTheNameThatItAsks) {
  Gateway gateway(dropping("domain = ['blocked.example']"));
  const auto asking = [](std::uint16_t port, const Buffer& said) { return connected(port).client(said); };
  EXPECT_EQ(from_the_block_on(gateway, asking(40001, join({http2_preface(), http2_get("www.blocked.example")}))), "DD");
  EXPECT_EQ(from_the_block_on(gateway, asking(40002, join({http2_preface(), http2_get("allowed.example")}))), "");
  EXPECT_EQ(from_the_block_on(gateway, connected(40003)
                                           .client(http2_preface())
                                           .server(http2_answer())
                                           .client(http2_get("allowed.example"))
                                           .server(http2_answer())
                                           .client(http2_get("blocked.example", "/", 3))),
            "DD");
}

TEST(Http2, AnAuthorityAndAHostBothCount) {
  Gateway gateway(dropping("domain = ['blocked.example']"));
  const auto with = [](std::string_view authority, std::string_view host) {
    const Buffer fields = plain_fields({{":method", "GET"}, {":authority", authority}, {"host", host}});
    return join({http2_preface(), http2_frame({.type = 1, .flags = 5, .stream = 1}, fields)});
  };
  EXPECT_EQ(from_the_block_on(gateway, connected(40001).client(with("allowed.example", "blocked.example"))), "DD");
  EXPECT_EQ(from_the_block_on(gateway, connected(40002).client(with("blocked.example", "allowed.example"))), "DD");
  EXPECT_EQ(from_the_block_on(gateway, connected(40003).client(with("allowed.example", "allowed.example"))), "");
}

TEST(Http2, AnySegmentationGivesTheSameVerdict) {
  const Buffer said = join({http2_preface(), http2_get("allowed.example"), http2_get("blocked.example", "/", 3)});
  for (const std::size_t size : {1u, 2u, 7u, 24u, 50u}) {
    Gateway gateway(dropping("domain = ['blocked.example']"));
    TcpConversation conversation = connected(40001);
    for (std::size_t at = 0; at < said.size(); at += size) {
      conversation.client(Bytes(said).subspan(at, std::min(size, said.size() - at)));
    }
    const std::string verdicts = from_the_block_on(gateway, conversation);
    EXPECT_FALSE(verdicts.empty()) << size;
    EXPECT_EQ(verdicts.find('A'), std::string::npos) << size;
  }
}

TEST(Http2, FollowsAnUpgradeOfHttp) {
  Gateway gateway(dropping("domain = ['blocked.example']"));
  const Buffer upgrade = http_request("GET", "/", "allowed.example", {{"Upgrade", "h2c"}, {"Connection", "Upgrade"}});
  EXPECT_EQ(from_the_block_on(gateway, connected(40001)
                                           .client(upgrade)
                                           .server(http_response(101))
                                           .client(join({http2_preface(), http2_get("blocked.example")}))),
            "DD");
}

TEST(Http2, ARequestWithoutAMethodIsOneAndTrailersAreNone) {
  const auto with = [](const Buffer& fields) {
    return join(
        {http2_preface(), http2_frame({.type = 1, .flags = 5, .stream = 1}, fields), http2_get("blocked.example")});
  };
  Gateway gateway(dropping("domain = ['a.example']"));
  EXPECT_EQ(from_the_block_on(gateway, connected(40001).client(with(plain_fields({{":authority", "a.example"}})))),
            "DD");
  Gateway other(dropping("domain = ['blocked.example']"));
  EXPECT_EQ(from_the_block_on(other, connected(40002).client(with(plain_fields({{"grpc-status", "0"}})))), "DD");
}

TEST(Http2, WhatCannotBeUnpackedIsHttp2WithoutAName) {
  Gateway gateway(dropping("domain = ['blocked.example']"));
  const Buffer broken = http2_frame({.type = 1, .flags = 5, .stream = 1}, Buffer{0x80});
  EXPECT_EQ(from_the_block_on(gateway, connected(40001).client(join({http2_preface(), broken}))), "");
  EXPECT_EQ(protocol_and_service(connected(40001).client(join({http2_preface(), broken}))), "http2 unknown");
}

TEST(Http2, RequestsAreEventsOfHttp) {
  Gateway gateway("", {.flow_capacity = 16, .recording = {.flows = true, .messages = true}});
  gateway.judge(
      connected(1).client(join({http2_preface(), http2_get("a.example", "/x"), http2_get("b.example")})).packets());
  const auto events = gateway.worker().take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, EventKind::message);
  EXPECT_EQ(events[0].protocol, Protocol::http2);
  EXPECT_EQ(events[0].shown.names[0].name, "a.example");
  EXPECT_EQ(events[0].method, "GET");
  EXPECT_EQ(events[0].target, "/x");
  EXPECT_EQ(events[1].shown.names[0].name, "b.example");
}

Buffer upgrade(std::string_view fields) {
  return text_bytes("GET /chat HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n");
}

TEST(Service, IsToldFromWhatTheMessageSays) {
  const std::string key = "Upgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_EQ(protocol_and_service(connected(1).client(upgrade(key))), "http websocket");
  EXPECT_EQ(protocol_and_service(connected(1).client(upgrade("Upgrade: websocket\r\n"))), "http unknown");
  EXPECT_EQ(protocol_and_service(connected(1).client(upgrade("Accept: application/dns-message\r\n"))), "http doh");
  EXPECT_EQ(protocol_and_service(connected(1).client(client_hello("a.example", {.alpn = {"dot"}}))), "tls dot");
  EXPECT_EQ(protocol_and_service(connected(1).client(client_hello("dns.google"))), "tls doh");
  EXPECT_EQ(protocol_and_service(connected(1).client(client_hello("a.example"))), "tls unknown");
}

TEST(Service, IsToldFromThePortOfItsOwn) {
  const auto to_port = [](std::uint16_t port) {
    return TcpConversation({.server_port = port}).handshake().client(client_hello("dns.google"));
  };
  EXPECT_EQ(protocol_and_service(to_port(853)), "tls dot");
  EXPECT_EQ(protocol_and_service(to_port(443)), "tls doh");
}

TEST(Service, OfQuicIsKnown) {
  Gateway gateway(dropping("proto = ['doq']"));
  UdpConversation flow({.client_port = 1, .server_port = 853});
  EXPECT_EQ(gateway.judge(flow.client(quic_hello("a.example")).packets()), "D");
  UdpConversation other({.client_port = 2, .server_port = 443});
  EXPECT_EQ(gateway.judge(other.client(quic_hello("a.example")).packets()), "A");
}

TEST(Service, IsACondition) {
  Gateway gateway(dropping("proto = ['doh', 'websocket']"));
  EXPECT_EQ(from_the_block_on(gateway, connected(1).client(client_hello("cloudflare-dns.com"))), "DD");
  EXPECT_EQ(from_the_block_on(gateway, connected(2).client(client_hello("a.example"))), "");
  // A request that asks for nothing may be followed by one that does.
  const Buffer asks = upgrade("Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
  EXPECT_EQ(
      from_the_block_on(
          gateway, connected(3).client(http_request("GET", "/", "a.example")).server(http_response()).client(asks)),
      "DD");
}

}  // namespace
}  // namespace netscope::test
