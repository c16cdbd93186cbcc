// Every way in which an IP packet can lie in a frame.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "support/packets.h"
#include "unit/core/net/every_damage.h"

namespace netscope::test {
namespace {

Packet hello(const Packet& road, std::string_view from = "192.168.1.20", std::string_view to = "203.0.113.9") {
  return road.ip(from, to).tcp(51234, 443).seq(7).ack(9).flags("PA").payload("hello");
}

// The packet alone, behind link-layer bytes that the prose has no word for.
Buffer behind(const Buffer& link_bytes, const Packet& packet = hello(raw())) {
  return join({link_bytes, packet.bytes()});
}

Headers decoded(const Buffer& frame, LinkType link) {
  return decode_frame(frame, link, Tunnels::look_through);
}

void expect_hello(const Buffer& frame, LinkType link, std::string_view name) {
  SCOPED_TRACE(name);
  const Headers headers = decoded(frame, link);
  EXPECT_EQ(headers.status, HeaderStatus::ok);
  EXPECT_EQ(headers.source, ip("192.168.1.20"));
  EXPECT_EQ(headers.destination, ip("203.0.113.9"));
  EXPECT_EQ(headers.ip_protocol, ip_protocol::tcp);
  EXPECT_EQ(headers.source_port, 51234);
  EXPECT_EQ(headers.destination_port, 443);
  EXPECT_EQ(headers.tcp_sequence, 7u);
  EXPECT_EQ(headers.tcp_acknowledgment, 9u);
  EXPECT_EQ(headers.tcp_flags, tcp_flag::psh | tcp_flag::ack);
  EXPECT_EQ(as_text(headers.payload), "hello");
  EXPECT_EQ(headers.payload_on_wire, 5u);
  EXPECT_FALSE(headers.outer.has_value());
  EXPECT_FALSE(headers.quoted);
  EXPECT_FALSE(headers.fragment.present);
}

struct Frame {
  std::string_view name;
  LinkType link;
  Buffer bytes;
};

Frame composed(std::string_view name, const Packet& road) {
  const Packet packet = hello(road);
  return {name, static_cast<LinkType>(packet.link_type()), packet.bytes()};
}

const Buffer kMacs(12, 0x02);
// Its first digit tells it from a control word, which begins with 0, and from IP (RFC 4448, section 4.6).
constexpr std::string_view kInside = "a2:00:00:00:00:01";
const Buffer kSnap{0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00};

Buffer wlan_header(std::uint8_t control, std::uint8_t flags, std::size_t more = 0) {
  return ByteWriter().u8(control).u8(flags).fill(22 + more, 0x02).bytes(kSnap);
}

std::vector<Frame> frames_of_the_builder() {
  return {
      composed("Ethernet", ethernet()),
      composed("VLAN", ethernet().vlan(10)),
      composed("VLAN in a service VLAN", ethernet().vlan(100, 0x88a8).vlan(10)),
      composed("VLAN in an old service VLAN", ethernet().vlan(100, 0x9100).vlan(10)),
      composed("PPPoE", ethernet().pppoe(7)),
      composed("PPPoE in a VLAN", ethernet().vlan(10).pppoe(7)),
      composed("MPLS", ethernet().mpls(16)),
      composed("MPLS with a stack of labels", ethernet().mpls(16).mpls(17).mpls(18)),
      composed("raw", raw()),
      composed("Linux cooked", linux_cooked()),
      composed("Linux cooked v2", linux_cooked_v2()),
      composed("null, little-endian writer", null_loopback(false)),
      composed("null, big-endian writer", null_loopback(true)),
      composed("PPP with HDLC framing", ppp()),
      composed("pseudowire without a control word", ethernet().mpls(16).ethernet(kInside, kInside)),
  };
}

std::vector<Frame> frames_by_hand() {
  const auto frame = [](std::string_view name, LinkType link, const Buffer& prefix) {
    return Frame{name, link, behind(prefix)};
  };
  return {
      frame("LLC and SNAP", LinkType::ethernet, join({kMacs, {0x00, 0x35}, kSnap})),
      frame("old service VLAN 0x9200", LinkType::ethernet, join({kMacs, {0x92, 0x00, 0, 5, 0x08, 0x00}})),
      frame("MPLS multicast", LinkType::ethernet, join({kMacs, {0x88, 0x48, 0, 1, 1, 64}})),
      frame("pseudowire with a control word", LinkType::ethernet,
            join({kMacs, {0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0}, kMacs, {0x08, 0x00}})),
      frame("Cisco metadata", LinkType::ethernet, join({kMacs, {0x89, 0x09, 1, 1, 0, 1, 0, 5, 0x08, 0x00}})),
      frame("bridged Ethernet", LinkType::ethernet, join({kMacs, {0x65, 0x58}, kMacs, {0x08, 0x00}})),
      frame("PPP without framing", LinkType::ppp, {0x00, 0x21}),
      frame("PPP with a compressed protocol", LinkType::ppp, {0x21}),
      frame("PPP with framing and a compressed protocol", LinkType::ppp_hdlc, {0xff, 0x03, 0x21}),
      frame("MPLS over PPP", LinkType::ppp, {0x02, 0x81, 0, 1, 1, 64}),
      frame("PPP with direction", LinkType::ppp_with_direction, {0x01, 0xff, 0x03, 0x00, 0x21}),
      frame("PPPoE without Ethernet", LinkType::ppp_ether, {0x11, 0, 0, 1, 0, 47, 0x00, 0x21}),
      frame("Cisco HDLC", LinkType::cisco_hdlc, {0x0f, 0x00, 0x08, 0x00}),
      frame("OpenBSD loopback", LinkType::loop, {0, 0, 0, 2}),
      frame("raw as BSD writes it", LinkType::raw_bsd, {}),
      frame("raw as OpenBSD writes it", LinkType::raw_openbsd, {}),
      frame("raw IPv4", LinkType::ipv4, {}),
      frame("802.11", LinkType::ieee802_11, wlan_header(0x08, 0x01)),
      frame("802.11 QoS", LinkType::ieee802_11, wlan_header(0x88, 0x01, 2)),
      frame("802.11 with four addresses", LinkType::ieee802_11, wlan_header(0x08, 0x03, 6)),
      frame("802.11 with radiotap", LinkType::ieee802_11_radiotap,
            join({{0, 0, 10, 0, 1, 2, 3, 4, 5, 6}, wlan_header(0x08, 0x01)})),
      frame("NFLOG", LinkType::nflog, {2, 0, 0, 0, 8, 0, 1, 0, 9, 9, 9, 9, 5, 0, 10, 0, 'x', 0, 0, 0, 49, 0, 9, 0}),
  };
}

TEST(LinkLayers, AllThatTheBuilderKnowsCarryTheSamePacket) {
  for (const Frame& frame : frames_of_the_builder()) expect_hello(frame.bytes, frame.link, frame.name);
}

TEST(LinkLayers, AllOthersCarryTheSamePacket) {
  for (const Frame& frame : frames_by_hand()) expect_hello(frame.bytes, frame.link, frame.name);
}

TEST(LinkLayers, SayWhoSentTheFrameWhereTheyDo) {
  constexpr LinkAddress kSender{{2, 0, 0, 0, 0, 0x14}};
  EXPECT_EQ(link_sender(ethernet("02:00:00:00:00:14").vlan(10).bytes(), LinkType::ethernet), kSender);
  EXPECT_EQ(link_sender(Buffer(11, 2), LinkType::ethernet), LinkAddress{});
  const Buffer octets{2, 0, 0, 0, 0, 0x14, 0, 0};
  const auto cooked = [&](std::uint16_t size) {
    return ByteWriter().u16(0).u16(1).u16(size).bytes(octets).u16(0x0800);
  };
  const auto cooked_v2 = [&](std::uint8_t size) {
    return ByteWriter().u16(0x0800).u16(0).u32(3).u16(1).u8(0).u8(size).bytes(octets);
  };
  EXPECT_EQ(link_sender(Buffer(cooked(6)), LinkType::linux_sll), kSender);
  EXPECT_EQ(link_sender(Buffer(cooked(8)), LinkType::linux_sll), LinkAddress{});
  EXPECT_EQ(link_sender(Buffer(cooked_v2(6)), LinkType::linux_sll2), kSender);
  EXPECT_EQ(link_sender(Buffer(cooked_v2(0)), LinkType::linux_sll2), LinkAddress{});
  EXPECT_EQ(link_sender(Buffer(40, 2), LinkType::raw), LinkAddress{});
}

TEST(LinkLayers, CarryIpv6JustTheSame) {
  for (const Packet& road : {ethernet(), ethernet().vlan(3), ethernet().pppoe(), ethernet().mpls(16), raw(),
                             linux_cooked(), linux_cooked_v2(), null_loopback(), null_loopback(true), ppp()}) {
    const Packet packet = hello(road, "2001:db8::20", "2001:db8::9");
    const Buffer frame = packet.bytes();
    const Headers headers = decoded(frame, static_cast<LinkType>(packet.link_type()));
    EXPECT_EQ(headers.status, HeaderStatus::ok);
    EXPECT_EQ(headers.source, ip("2001:db8::20"));
    EXPECT_EQ(headers.destination_port, 443);
    EXPECT_EQ(as_text(headers.payload), "hello");
  }
  for (const std::uint8_t family : std::to_array<std::uint8_t>({10, 24, 28, 30})) {
    const Buffer frame = behind({0, 0, 0, family}, hello(raw(), "2001:db8::20", "2001:db8::9"));
    EXPECT_EQ(decoded(frame, LinkType::loop).source, ip("2001:db8::20")) << int{family};
  }
  const Buffer alone = hello(raw(), "2001:db8::20", "2001:db8::9").bytes();
  EXPECT_EQ(as_text(decoded(alone, LinkType::ipv6).payload), "hello");
}

TEST(LinkLayers, WhatCarriesNoIpIsNotIp) {
  const std::vector<Frame> others{
      {"ARP", LinkType::ethernet, join({kMacs, {0x08, 0x06}, Buffer(28, 0)})},
      {"LLDP", LinkType::ethernet, join({kMacs, {0x88, 0xcc}, Buffer(28, 0)})},
      {"spanning tree over LLC", LinkType::ethernet, join({kMacs, {0x00, 0x26, 0x42, 0x42, 0x03}, Buffer(35, 0)})},
      {"a VLAN with LLC", LinkType::ethernet, join({kMacs, {0x81, 0, 0, 5, 0x00, 0x26}, Buffer(38, 0)})},
      {"PPP LCP", LinkType::ppp, {0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4}},
      {"a beacon", LinkType::ieee802_11, Buffer{0x80, 0, 0, 0, 0, 0}},
      {"encrypted 802.11", LinkType::ieee802_11, wlan_header(0x08, 0x41)},
      {"802.11 without data", LinkType::ieee802_11, wlan_header(0x48, 0x01)},
      {"an unknown family", LinkType::null, {77, 0, 0, 0}},
      {"an unknown version", LinkType::raw, {0x50, 0, 0, 0}},
      {"an unknown link type", static_cast<LinkType>(147), hello(ethernet()).bytes()},
  };
  for (const Frame& frame : others) {
    EXPECT_EQ(decoded(frame.bytes, frame.link).status, HeaderStatus::not_ip) << frame.name;
  }
}

TEST(LinkLayers, AnEmptyFrameIsCutOff) {
  for (const Frame& frame : frames_of_the_builder()) {
    EXPECT_EQ(decoded({}, frame.link).status, HeaderStatus::cut_off) << frame.name;
  }
}

TEST(LinkLayers, ARadiotapHeaderShorterThanItselfIsMalformed) {
  EXPECT_EQ(decoded(Buffer{0, 0, 3, 0, 8, 1, 2, 3}, LinkType::ieee802_11_radiotap).status, HeaderStatus::malformed);
}

TEST(LinkLayers, AnNflogAttributeShorterThanItsHeaderIsMalformed) {
  EXPECT_EQ(decoded(Buffer{2, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0}, LinkType::nflog).status, HeaderStatus::malformed);
}

TEST(LinkLayers, TagsAreFollowedUpToTheLimitAndNotOnePastIt) {
  Packet road = ethernet();
  for (int i = 0; i < kMaxEncapsulations - 3; ++i) road = road.vlan(1);  // Ethernet, IP and the transport are steps too
  EXPECT_EQ(decoded(hello(road).bytes(), LinkType::ethernet).status, HeaderStatus::ok);
  EXPECT_EQ(decoded(hello(road.vlan(1)).bytes(), LinkType::ethernet).status, HeaderStatus::malformed);
}

TEST(LinkLayers, PaddingOfAShortFrameIsNoPayload) {
  const Buffer frame = hello(ethernet()).padded_to(90).bytes();
  const Headers headers = decoded(frame, LinkType::ethernet);
  EXPECT_EQ(as_text(headers.payload), "hello");
}

TEST(LinkLayers, EveryTruncationAndEveryFlipStaysWithinTheFrame) {
  for (const auto& frames : {frames_of_the_builder(), frames_by_hand()}) {
    for (const Frame& frame : frames) {
      SCOPED_TRACE(frame.name);
      expect_survives_damage(frame.bytes, frame.link);
    }
  }
}

TEST(LinkLayers, EveryTruncationInsideTheHeadersIsCutOff) {
  for (const auto& frames : {frames_of_the_builder(), frames_by_hand()}) {
    for (const Frame& frame : frames) {
      for (std::size_t size = 0; size < frame.bytes.size() - 5; ++size) {
        const Buffer cut(frame.bytes.begin(), frame.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        // PPP's address byte alone reads as a compressed protocol, which is not IP.
        const bool address_alone = size > 0 && cut.back() == 0xff;
        const HeaderStatus expected = address_alone ? HeaderStatus::not_ip : HeaderStatus::cut_off;
        EXPECT_EQ(decoded(cut, frame.link).status, expected) << frame.name << " cut to " << size;
      }
    }
  }
}

TEST(LinkTypes, AreSupportedExactlyWhenTheyHaveAName) {
  EXPECT_TRUE(is_supported(LinkType::ethernet));
  EXPECT_EQ(to_string(LinkType::linux_sll2), "Linux cooked v2");
  EXPECT_FALSE(is_supported(static_cast<LinkType>(147)));
  EXPECT_EQ(to_string(static_cast<LinkType>(147)), "unknown");
}

}  // namespace
}  // namespace netscope::test
