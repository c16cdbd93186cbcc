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

constexpr std::uint8_t kQos = 0x88, kFromStation = 0x01, kBothWays = 0x03, kOrder = 0x80;
const Buffer kMacs0 = ByteWriter().u16(0x001b).fill(4, 1).u16(0x001c).fill(4, 2);  // begin with zeros, as most do
const Buffer kMplsBottom{0x88, 0x47, 0, 1, 1, 64};

// What stands before a QoS frame's LLC: its control, and the HT control if there is one; padded to four bytes or not.
Buffer qos_header(std::uint8_t flags, std::uint8_t qos, std::size_t ht_control, std::size_t pad) {
  ByteWriter header;
  header.u8(kQos).u8(flags).fill(22, 0x02);
  if ((flags & kBothWays) == kBothWays) header.fill(6, 0x02);
  return header.u8(qos).u8(0).fill(ht_control, 0x80).fill(pad, 0);
}

// One of several frames in a frame, the last without what fills it up.
Buffer subframe(const Buffer& llc_and_rest) {
  return ByteWriter().bytes(kMacs).u16(llc_and_rest.size()).bytes(llc_and_rest);
}

Buffer radiotap_of(const Buffer& bitmaps_and_fields) {
  return join({{0, 0, static_cast<std::uint8_t>(4 + bitmaps_and_fields.size()), 0}, bitmaps_and_fields});
}

std::vector<Frame> wireless_frames() {
  const auto wlan = [](std::string_view name, const Buffer& header) {
    return Frame{name, LinkType::ieee802_11, behind(join({header, kSnap}))};
  };
  // 26 bytes of header, and two that fill it up where the radiotap header says so.
  const auto padded = [](std::string_view name, const Buffer& radiotap) {
    return Frame{name, LinkType::ieee802_11_radiotap,
                 behind(join({radiotap_of(radiotap), qos_header(kFromStation, 0, 0, 2), kSnap}))};
  };
  const Buffer vendor{0x00, 0x50, 0x43, 1, 5, 0, 9, 9, 9, 9, 9};
  return {
      wlan("802.11 with an HT control", qos_header(kFromStation | kOrder, 0, 4, 0)),
      wlan("802.11 with four addresses and an HT control", qos_header(kBothWays | kOrder, 0, 4, 0)),
      {"802.11 with order and no QoS", LinkType::ieee802_11, behind(wlan_header(0x08, kFromStation | kOrder))},
      {"802.11 with one frame of several", LinkType::ieee802_11,
       join({qos_header(kFromStation, 0x80, 0, 0), subframe(join({kSnap, hello(raw()).bytes()}))})},
      padded("padded, told by the flags alone", {2, 0, 0, 0, 0x20}),
      padded("padded, flags behind a time", {3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20}),
      padded("padded, flags behind an aligned time",
             {3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20}),
      padded("padded, flags in a second bitmap", {4, 0, 0, 0xa0, 2, 0, 0, 0, 12, 0x20}),
      padded("padded, flags behind a vendor's fields",
             join({{0, 0, 0, 0xc0, 0xfe, 0xfe, 0xfe, 0xbe, 2, 0, 0, 0}, vendor, {0x20}})),
      {"not padded, and a vendor's field that looks so", LinkType::ieee802_11_radiotap,
       behind(join({radiotap_of(join({{0, 0, 0, 0xc0, 2, 0, 0, 0}, {0, 0x50, 0x43, 1, 1, 0, 0x20}})),
                    qos_header(kFromStation, 0, 0, 0), kSnap}))},
      {"not padded, whatever the rate", LinkType::ieee802_11_radiotap,
       behind(join({radiotap_of({6, 0, 0, 0, 0x10, 0x20}), qos_header(kFromStation, 0, 0, 0), kSnap}))},
      {"padded with nothing, 24 bytes", LinkType::ieee802_11_radiotap,
       behind(join({radiotap_of({2, 0, 0, 0, 0x20}), wlan_header(0x08, kFromStation)}))},
  };
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
      composed("pseudowire to an address that begins like IPv4",
               ethernet().mpls(16).ethernet("45:00:40:30:00:01", "45:00:40:30:00:01")),
      composed("pseudowire to an address that begins like IPv6",
               ethernet().mpls(16).ethernet("60:00:00:00:40:01", "60:00:00:00:40:01").vlan(7)),
      composed("pseudowire to an address that begins with a zero",
               ethernet().mpls(16).ethernet("00:1b:00:00:00:01", "00:1b:00:00:00:02")),
      composed("pseudowire to an address that begins like a control word",
               ethernet().mpls(16).ethernet("00:00:0c:00:00:01", "00:00:0c:00:00:02")),
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
      frame("pseudowire with a numbered control word", LinkType::ethernet,
            join({kMacs, kMplsBottom, {0, 0, 0x12, 0x34}, kMacs0, {0x08, 0x00}})),
      frame("pseudowire with a control word and a tag", LinkType::ethernet,
            join({kMacs, kMplsBottom, {0, 0, 0, 0}, kMacs0, {0x81, 0, 0, 7, 0x08, 0x00}})),
      frame("a tag behind SNAP", LinkType::ethernet,
            join({kMacs, {0x00, 0x39, 0xaa, 0xaa, 0x03, 0, 0, 0, 0x81, 0x00, 0, 5, 0x08, 0x00}})),
      frame("SNAP behind a tag", LinkType::ethernet, join({kMacs, {0x81, 0, 0, 5, 0x00, 0x35}, kSnap})),
      frame("SNAP behind two tags", LinkType::ethernet,
            join({kMacs, {0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x00, 0x35}, kSnap})),
      frame("SNAP in a cooked frame", LinkType::linux_sll, join({Buffer(14, 0), {0, 4}, kSnap})),
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
      frame("NFLOG of a big-endian machine", LinkType::nflog,
            {2, 0, 0, 0, 0, 8, 0, 1, 9, 9, 9, 9, 0, 5, 0, 10, 'x', 0, 0, 0, 0, 49, 0, 9}),
      frame("NFLOG with nothing but the packet", LinkType::nflog, {2, 0, 0, 0, 49, 0, 9, 0}),
      frame("NFLOG of a big-endian machine with nothing but the packet", LinkType::nflog, {2, 0, 0, 0, 0, 49, 0, 9}),
      frame("NFLOG with a nested attribute ahead", LinkType::nflog,
            {2, 0, 0, 0, 8, 0, 18, 0x80, 9, 9, 9, 9, 49, 0, 9, 0}),
      frame("NFLOG of a big-endian machine with a nested attribute ahead", LinkType::nflog,
            {2, 0, 0, 0, 0, 8, 0x80, 18, 9, 9, 9, 9, 0, 49, 0, 9}),
      frame("NFLOG of a bridge", LinkType::nflog, {7, 0, 0, 0, 8, 0, 1, 0, 0x08, 0, 0, 0, 49, 0, 9, 0}),
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
  EXPECT_TRUE(link_sender(Buffer(40, 2), LinkType::raw).known()) << "one host's own";
  EXPECT_EQ(link_sender(Buffer(40, 2), LinkType::ppp), LinkAddress{});
}

TEST(LinkLayers, WirelessOnesCarryTheSamePacket) {
  for (const Frame& frame : wireless_frames()) expect_hello(frame.bytes, frame.link, frame.name);
}

TEST(LinkLayers, OfSeveralFramesInOneTheFirstThatIsIpCounts) {
  const Buffer other = join({{0xaa, 0xaa, 0x03, 0, 0, 0, 0x88, 0x8e}, Buffer(5, 1)});  // 27 bytes, filled up with one
  const Buffer packet = join({kSnap, hello(raw()).bytes()});
  const Buffer frame = join({qos_header(kFromStation, 0x80, 0, 0),
                             subframe(other),
                             {0},
                             subframe(other),
                             {0},
                             subframe(packet),
                             {0, 0, 0},
                             subframe(packet),
                             {1, 2, 3, 4}});
  expect_hello(frame, LinkType::ieee802_11, "the third");
  expect_survives_damage(frame, LinkType::ieee802_11);
  const Buffer without = join({qos_header(kFromStation, 0x80, 0, 0), subframe(other), {0}, subframe(other)});
  EXPECT_EQ(decoded(without, LinkType::ieee802_11).status, HeaderStatus::not_ip);
  const Buffer with_checksum = join({without, {1, 2, 3, 4}});
  EXPECT_EQ(decoded(with_checksum, LinkType::ieee802_11).status, HeaderStatus::not_ip);
  const Buffer lies = join({qos_header(kFromStation, 0x80, 0, 0), kMacs, {0, 2}, packet});
  EXPECT_EQ(decoded(lies, LinkType::ieee802_11).status, HeaderStatus::malformed);
}

TEST(LinkLayers, AnIpPacketUnderALabelIsNoPseudowire) {
  // Their addresses stand where a pseudowire has its EtherType.
  for (const std::string_view source : {"8.0.69.1", "129.0.0.1", "136.100.8.0"}) {
    const Buffer frame = ethernet().mpls(16).ipv4(source, "203.0.113.9").udp(1, 53).payload("query").bytes();
    const Headers headers = decoded(frame, LinkType::ethernet);
    EXPECT_EQ(headers.source, ip(source));
    EXPECT_EQ(as_text(headers.payload), "query");
  }
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
      {"Cisco discovery over SNAP", LinkType::ethernet,
       join({kMacs, {0x00, 0x26, 0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00}, Buffer(28, 0)})},
      {"NFLOG of ARP", LinkType::nflog, {7, 0, 0, 0, 8, 0, 1, 0, 0x08, 6, 0, 0, 8, 0, 9, 0, 1, 2, 3, 4}},
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
  EXPECT_EQ(decoded(Buffer{2, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0}, LinkType::nflog).status, HeaderStatus::malformed);
  EXPECT_EQ(decoded(Buffer{2, 0, 0, 0, 8, 0, 1, 1, 0, 0, 0, 0}, LinkType::nflog).status, HeaderStatus::malformed);
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
  for (const auto& frames : {frames_of_the_builder(), frames_by_hand(), wireless_frames()}) {
    for (const Frame& frame : frames) {
      SCOPED_TRACE(frame.name);
      expect_survives_damage(frame.bytes, frame.link);
    }
  }
}

TEST(LinkLayers, EveryTruncationInsideTheHeadersIsCutOff) {
  for (const auto& frames : {frames_of_the_builder(), frames_by_hand(), wireless_frames()}) {
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
