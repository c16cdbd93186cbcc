// Every tunnel: looked through to what it carries, or left alone when its inside is not sound or nobody asked.

#include <gtest/gtest.h>

#include <vector>

#include "support/packets.h"
#include "unit/core/net/every_damage.h"

namespace netscope::test {
namespace {

struct Case {
  std::string_view name;
  Packet packet;
  std::uint8_t outer_protocol;
  std::uint16_t outer_port;
};

const Packet kOutside = ethernet().ipv4("198.51.100.1", "198.51.100.2");
const Packet kOutside6 = ethernet().ipv6("2001:db8::1", "2001:db8::2");

Packet hello_through(const Packet& road) {
  return road.ipv4("192.168.1.20", "203.0.113.9").tcp(51234, 443).payload("hello");
}

Packet over_udp(std::uint16_t port, const Buffer& tunnel_header) {
  return hello_through(kOutside.udp(40000, port).payload(tunnel_header));
}

// GRE of a form that the builder does not write.
Packet over_gre(const Buffer& header) {
  return hello_through(kOutside.announcing(ip_protocol::gre).payload(header));
}

Buffer before_macs(const Buffer& header) {
  return join({header, Buffer(12, 2), {0x08, 0x00}});
}

const Buffer kSnapOfIp{0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
const Buffer kWlan = ByteWriter().u8(0x08).u8(0x01).fill(22, 2).bytes(kSnapOfIp);

std::vector<Case> tunnels_by_ip_protocol() {
  const std::uint8_t gre = ip_protocol::gre;
  return {
      {"IP in IP", hello_through(kOutside), ip_protocol::ipv4, 0},
      {"IP in IPv6", hello_through(kOutside6), ip_protocol::ipv4, 0},
      {"IP in IP behind extension headers", hello_through(kOutside6.destination_options()), ip_protocol::ipv4, 0},
      {"GRE", hello_through(kOutside.gre()), gre, 0},
      {"GRE over IPv6", hello_through(kOutside6.gre()), gre, 0},
      {"GRE with all its options", hello_through(kOutside.gre({.key = 7, .sequence = 8, .checksummed = true})), gre, 0},
      {"GRE that bridges", hello_through(kOutside.gre().ethernet()), gre, 0},
      {"GRE that bridges a VLAN", hello_through(kOutside.gre().ethernet().vlan(5)), gre, 0},
      {"PPTP", over_gre({0x30, 0x81, 0x88, 0x0b, 0, 49, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21}), gre, 0},
      {"ERSPAN type I", over_gre(before_macs({0, 0, 0x88, 0xbe})), gre, 0},
      {"ERSPAN type II", over_gre(before_macs({0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 0, 0, 0, 0, 0})), gre, 0},
      {"ERSPAN type III",
       over_gre(before_macs({0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})), gre, 0},
      {"ERSPAN type III with a platform header",
       over_gre(
           join({{0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, before_macs(Buffer(8, 0))})),
       gre, 0},
      {"GRE of a wireless controller", over_gre(join({{0, 0, 0x82, 0x00}, kWlan})), gre, 0},
      {"GRE of a wireless controller with several frames in one",
       over_gre(join({{0, 0, 0x82, 0x40, 0x88, 0x01}, Buffer(22, 2), {0x80, 0}, Buffer(12, 2), {0, 53}, kSnapOfIp})),
       gre, 0},
      {"GRE of WCCP", over_gre({0, 0, 0x88, 0x3e}), gre, 0},
      {"a tunnel in a tunnel",
       hello_through(kOutside.gre().ipv4("10.0.0.1", "10.0.0.2").udp(1, 4789).vxlan(5).ethernet()), gre, 0},
  };
}

std::vector<Case> tunnels_over_udp() {
  const std::uint8_t udp = ip_protocol::udp;
  const Packet from = kOutside;
  return {
      {"VXLAN", hello_through(from.udp(40000, 4789).vxlan(42).ethernet()), udp, 4789},
      {"VXLAN on the old port of Linux", hello_through(from.udp(40000, 8472).vxlan(42).ethernet()), udp, 8472},
      {"VXLAN told by its source port", hello_through(from.udp(4789, 40000).vxlan(42).ethernet()), udp, 40000},
      {"VXLAN GPE with IPv4", over_udp(4789, {0x0c, 0, 0, 1, 0, 0, 1, 0}), udp, 4789},
      {"VXLAN GPE with Ethernet", over_udp(4789, before_macs({0x0c, 0, 0, 3, 0, 0, 1, 0})), udp, 4789},
      {"Geneve", hello_through(from.udp(40000, 6081).geneve(42).ethernet()), udp, 6081},
      {"Geneve with options", hello_through(from.udp(40000, 6081).geneve(42, Buffer(12, 0)).ethernet()), udp, 6081},
      {"Geneve with IP", hello_through(from.udp(40000, 6081).geneve(42)), udp, 6081},
      {"GTP-U", hello_through(from.udp(2152, 2152).gtpu(7)), udp, 2152},
      {"GTP-U with a sequence number", hello_through(from.udp(2152, 2152).gtpu(7, 9)), udp, 2152},
      {"GTP-U with an extension", over_udp(2152, {0x34, 0xff, 0, 53, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0x10, 5, 0}), udp,
       2152},
      {"CAPWAP data", over_udp(5247, before_macs({0x00, 0x10, 0x00, 0x00, 0, 0, 0, 0})), udp, 5247},
      {"CAPWAP data with 802.11", over_udp(5247, join({{0x00, 0x10, 0x01, 0x00, 0, 0, 0, 0}, kWlan})), udp, 5247},
      {"GRE in UDP", over_udp(4754, {0, 0, 8, 0}), udp, 4754},
  };
}

// PPP as a dial-in writes it: with or without an address, its protocol in one byte or two.
std::vector<Case> tunnels_of_layer_two() {
  const std::uint8_t udp = ip_protocol::udp, l2tp = ip_protocol::l2tp;
  const Buffer session{0, 0, 0, 7};
  const auto over_ip = [](const Buffer& header) {
    return hello_through(kOutside.announcing(ip_protocol::l2tp).payload(before_macs(header)));
  };
  return {
      {"L2TP", over_udp(1701, {0, 2, 0, 7, 0, 9, 0xff, 3, 0, 0x21}), udp, 1701},
      {"L2TP from its port", hello_through(kOutside.udp(1701, 40000).payload(Buffer{0, 2, 0, 7, 0, 9, 0, 0x21})), udp,
       40000},
      {"L2TP with a length", over_udp(1701, {0x40, 2, 0, 57, 0, 7, 0, 9, 0xff, 3, 0, 0x21}), udp, 1701},
      {"L2TP with numbers", over_udp(1701, {0x08, 2, 0, 7, 0, 9, 0, 1, 0, 2, 0xff, 3, 0, 0x21}), udp, 1701},
      {"L2TP with an offset", over_udp(1701, {0x02, 2, 0, 7, 0, 9, 0, 3, 1, 2, 3, 0, 0x21}), udp, 1701},
      {"L2TP with an offset of nothing", over_udp(1701, {0x02, 2, 0, 7, 0, 9, 0, 0, 0, 0x21}), udp, 1701},
      {"L2TP with all of it and priority",
       over_udp(1701, {0x4b, 2, 0, 66, 0, 7, 0, 9, 0, 1, 0, 2, 0, 2, 1, 2, 0xff, 3, 0, 0x21}), udp, 1701},
      {"L2TP with a compressed protocol", over_udp(1701, {0, 2, 0, 7, 0, 9, 0x21}), udp, 1701},
      {"L2TP with an address and a compressed protocol", over_udp(1701, {0, 2, 0, 7, 0, 9, 0xff, 3, 0x21}), udp, 1701},
      {"L2TP version 3 over UDP", over_udp(1701, before_macs({0, 3, 0, 0, 0, 0, 0, 7})), udp, 1701},
      {"L2TP version 3 over UDP with a cookie", over_udp(1701, before_macs({0, 3, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4})), udp,
       1701},
      {"L2TP version 3", over_ip(session), l2tp, 0},
      {"L2TP version 3 with a sublayer", over_ip(join({session, Buffer(4, 0)})), l2tp, 0},
      {"L2TP version 3 with a long cookie", over_ip(join({session, Buffer(8, 5)})), l2tp, 0},
      {"L2TP version 3 with a long cookie and a sublayer", over_ip(join({session, Buffer(8, 5), Buffer(4, 0)})), l2tp,
       0},
      {"TZSP", over_udp(37008, before_macs({1, 0, 0, 1, 1})), udp, 37008},
      {"TZSP for transmission", over_udp(37008, before_macs({1, 1, 0, 1, 1})), udp, 37008},
      {"TZSP with tags", over_udp(37008, before_macs({1, 0, 0, 1, 10, 1, 0xd5, 0, 0, 41, 2, 1, 1, 1})), udp, 37008},
      {"TZSP with 802.11", over_udp(37008, join({{1, 0, 0, 18, 18, 1, 6, 1}, kWlan})), udp, 37008},
  };
}

TEST(Tunnels, AreLookedThroughToWhatTheyCarry) {
  for (const auto& cases : {tunnels_by_ip_protocol(), tunnels_over_udp(), tunnels_of_layer_two()}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(c.name);
      const Buffer frame = c.packet.bytes();
      const Headers headers = decode_frame(frame, LinkType::ethernet, Tunnels::look_through);
      EXPECT_EQ(headers.status, HeaderStatus::ok);
      EXPECT_TRUE(headers.outer.has_value());
      EXPECT_EQ(headers.source, ip("192.168.1.20"));
      EXPECT_EQ(headers.destination, ip("203.0.113.9"));
      EXPECT_EQ(headers.ip_protocol, ip_protocol::tcp);
      EXPECT_EQ(headers.source_port, 51234);
      EXPECT_EQ(headers.destination_port, 443);
      EXPECT_EQ(as_text(headers.payload), "hello");
      EXPECT_EQ(headers.outer->ip_protocol, c.outer_protocol);
      EXPECT_EQ(headers.outer->destination_port, c.outer_port);
      EXPECT_TRUE(headers.outer->destination == ip("198.51.100.2") || headers.outer->destination == ip("2001:db8::2"));
    }
  }
}

TEST(Tunnels, ThatNobodyAskedForStayClosed) {
  for (const auto& cases : {tunnels_by_ip_protocol(), tunnels_over_udp(), tunnels_of_layer_two()}) {
    for (const Case& c : cases) {
      const Buffer frame = c.packet.bytes();
      const Headers headers = decode_frame(frame, LinkType::ethernet, Tunnels::opaque);
      EXPECT_EQ(headers.status, HeaderStatus::ok) << c.name;
      EXPECT_FALSE(headers.outer.has_value()) << c.name;
      EXPECT_EQ(headers.ip_protocol, c.outer_protocol) << c.name;
      EXPECT_EQ(headers.destination_port, c.outer_port) << c.name;
    }
  }
}

TEST(Tunnels, OfIpv6CarryIpv6) {
  const Packet teredo = kOutside.udp(3544, 40000);
  const std::vector<Packet> roads{
      kOutside,                                                       // 6in4
      kOutside6,                                                      // IPv6 in IPv6
      kOutside.gre(),                                                 //
      teredo,                                                         //
      teredo.teredo_origin(4000, "192.0.2.1"),                        //
      teredo.payload(Buffer{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),  // an authentication indication
      teredo.payload(Buffer{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}).teredo_origin(4000, "192.0.2.1"),
      kOutside.udp(40000, 5072)
          .payload(join({{0x41, 0x52, 0x11, 41, 0, 0, 0, 0}, Buffer(16, 7), Buffer(20, 8)})),  // AYIYA
      kOutside.udp(40000, 4789).payload(Buffer{0x0c, 0, 0, 2, 0, 0, 1, 0}),                    // VXLAN GPE
      kOutside.udp(2152, 2152).gtpu(7),
  };
  for (const Packet& road : roads) {
    const Buffer frame = road.ipv6("2001:db8:1::20", "2001:db8:2::9").udp(5000, 53).payload("query").bytes();
    const Headers headers = decode_frame(frame, LinkType::ethernet, Tunnels::look_through);
    EXPECT_TRUE(headers.outer.has_value());
    EXPECT_EQ(headers.source, ip("2001:db8:1::20"));
    EXPECT_EQ(headers.destination_port, 53);
    EXPECT_EQ(as_text(headers.payload), "query");
  }
}

TEST(Tunnels, WithAnUnsoundInsideAreThePacketAround) {
  const std::vector<Packet> packets{
      kOutside.udp(40000, 4789).payload("not a VXLAN header at all"),
      kOutside.udp(40000, 4789).vxlan(1).ethernet().announcing(0x0806).payload(Buffer(28, 0)),  // ARP in VXLAN
      kOutside.udp(2152, 2152).payload(Buffer{0x30, 0x01, 0, 0, 0, 0, 0, 0}),                   // a GTP echo request
      kOutside.udp(2152, 2152).gtpu(1).ipv4("10.0.0.1", "10.0.0.2").length_field(10).udp(1, 2),
      kOutside.udp(40000, 6081).payload(Buffer{0xc0, 0, 8, 0, 0, 0, 0, 0, 0x45}),  // Geneve of another version
      kOutside.udp(40000, 3544).payload("short"),
      kOutside.udp(40000, 5247).payload(Buffer{0x00, 0x10, 0x00, 0x80, 0, 0, 0, 0}),  // a CAPWAP fragment
      kOutside.udp(40000, 5072).payload("not AYIYA"),
      kOutside.udp(1701, 1701).payload(Buffer{0xc8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}),  // an L2TP control message
      kOutside.udp(1701, 1701).payload(Buffer{0, 2, 0, 7, 0, 9, 0xff, 3, 0xc0, 0x21, 1, 1, 0, 4}),  // LCP
      kOutside.udp(1701, 1701).payload(Buffer{0, 4, 0, 7, 0, 9, 0, 0x21, 0x45}),                    // of no version
      kOutside.udp(1701, 1701).payload(Buffer{0x20, 2, 0, 7, 0, 9, 0, 0x21, 0x45}),                 // a reserved bit
      hello_through(kOutside.udp(1701, 1701).payload(before_macs({0, 3, 0, 0, 0, 0, 0, 0}))),  // version 3, control
      hello_through(kOutside.udp(40000, 37008).payload(before_macs({1, 4, 0, 1, 1}))),         // a keepalive
      hello_through(kOutside.udp(40000, 37008).payload(before_macs({2, 0, 0, 1, 1}))),         // of another version
      hello_through(kOutside.udp(40000, 37008).payload(before_macs({1, 0, 0, 119, 1}))),       // Prism
      kOutside.udp(53, 37008).payload(Buffer{1, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}),       // an answer of DNS
  };
  for (const Packet& packet : packets) {
    const Buffer frame = packet.bytes();
    const Headers headers = decode_frame(frame, LinkType::ethernet, Tunnels::look_through);
    EXPECT_EQ(headers.status, HeaderStatus::ok);
    EXPECT_FALSE(headers.outer.has_value());
    EXPECT_EQ(headers.source, ip("198.51.100.1"));
    EXPECT_EQ(headers.ip_protocol, ip_protocol::udp);
    EXPECT_FALSE(headers.payload.empty());
  }
}

TEST(Tunnels, WithinEachOtherAreFollowedUpToTheLimitAndNotBeyond) {
  Packet packet = ethernet();
  for (int i = 0; i < 15; ++i) packet = packet.ipv4("10.0.0.1", "10.0.0.2");  // two steps each: IP, and what it carries
  const Headers innermost = decode_frame(packet.udp(1, 2).bytes(), LinkType::ethernet, Tunnels::look_through);
  EXPECT_EQ(innermost.ip_protocol, ip_protocol::udp);
  for (int i = 0; i < 15; ++i) packet = packet.ipv4("10.0.0.1", "10.0.0.2");
  const Headers given_up = decode_frame(packet.udp(1, 2).bytes(), LinkType::ethernet, Tunnels::look_through);
  EXPECT_EQ(given_up.ip_protocol, ip_protocol::ipv4);
}

TEST(Tunnels, AFragmentIsNotLookedThrough) {
  const Buffer frame = hello_through(kOutside.first_fragment(7).gre()).bytes();
  EXPECT_FALSE(decode_frame(frame, LinkType::ethernet, Tunnels::look_through).outer.has_value());
}

TEST(Tunnels, TheOutermostEndsStayKnownThroughSeveral) {
  const Buffer frame = hello_through(kOutside.gre().ipv4("10.0.0.1", "10.0.0.2")).bytes();
  const Headers headers = decode_frame(frame, LinkType::ethernet, Tunnels::look_through);
  EXPECT_EQ(headers.outer->source, ip("198.51.100.1"));
  EXPECT_EQ(headers.outer->ip_protocol, ip_protocol::gre);
}

TEST(Tunnels, EveryTruncationAndEveryFlipStaysWithinTheFrame) {
  for (const auto& cases : {tunnels_by_ip_protocol(), tunnels_over_udp(), tunnels_of_layer_two()}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(c.name);
      expect_survives_damage(c.packet.bytes(), LinkType::ethernet);
    }
  }
}

}  // namespace
}  // namespace netscope::test
