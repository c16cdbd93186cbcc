// IP, its options, extension headers and fragments, and what it carries.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "support/packets.h"
#include "unit/core/net/every_damage.h"

namespace netscope::test {
namespace {

const Packet kV4 = raw().ipv4("192.168.1.20", "203.0.113.9");
const Packet kV6 = raw().ipv6("2001:db8::20", "2001:db8::9");

Headers decoded(const Packet& packet) {
  return decode_ip(packet.bytes(), Tunnels::look_through);
}

// A copy of the views, because the packet's bytes die with the call above.
struct Decoded {
  explicit Decoded(const Packet& packet) : bytes(packet.bytes()), headers(decode_ip(bytes, Tunnels::look_through)) {}
  std::string_view payload() const { return as_text(headers.payload); }
  Buffer bytes;
  Headers headers;
};

TEST(Ip, Ipv4OptionsAreSkipped) {
  const Buffer router_alert{148, 4, 0, 0};
  const Decoded packet(kV4.ip_options(router_alert).udp(5000, 53).payload("query"));
  EXPECT_EQ(packet.headers.status, HeaderStatus::ok);
  EXPECT_EQ(packet.headers.destination_port, 53);
  EXPECT_EQ(packet.payload(), "query");
  const Decoded longest(kV4.ip_options(Buffer(40, 1)).udp(5000, 53).payload("query"));
  EXPECT_EQ(longest.payload(), "query");
}

TEST(Ip, Ipv6ExtensionHeadersAreSkipped) {
  const Buffer mobility(6, 0);
  const std::vector<Packet> roads{
      kV6.hop_by_hop(),
      kV6.destination_options(),
      kV6.routing(0, 0),
      kV6.hop_by_hop().routing(4, 0).destination_options(),
      kV6.extension(ip_protocol::mobility, mobility),
      kV6.extension(ip_protocol::hip, mobility),
      kV6.extension(ip_protocol::shim6, mobility),
      kV6.destination_options(Buffer(120, 0)),
  };
  for (const Packet& road : roads) {
    const Decoded packet(road.tcp(5000, 443).payload("hello"));
    EXPECT_EQ(packet.headers.status, HeaderStatus::ok);
    EXPECT_EQ(packet.headers.ip_protocol, ip_protocol::tcp);
    EXPECT_EQ(packet.headers.destination_port, 443);
    EXPECT_EQ(packet.payload(), "hello");
    EXPECT_EQ(packet.headers.payload_on_wire, 5u);
  }
}

TEST(Ip, AnAuthenticationHeaderCountsInWordsOfFourBytes) {
  const Buffer udp_packet = kV6.udp(5000, 53).payload("query").bytes();
  Buffer bytes = udp_packet;
  const Buffer authentication = ByteWriter().u8(17).u8(4).fill(22, 0);  // six words, less two
  bytes.insert(bytes.begin() + 40, authentication.begin(), authentication.end());
  bytes[5] = static_cast<std::uint8_t>(bytes[5] + 24);
  bytes[6] = ip_protocol::authentication;
  const Headers headers = decode_ip(bytes, Tunnels::look_through);
  EXPECT_EQ(headers.status, HeaderStatus::ok);
  EXPECT_EQ(as_text(headers.payload), "query");
}

TEST(Ip, AllExtensionHeadersAreFollowedHoweverManyThereAre) {
  for (const int count : {1, 31, 32, 33, 180, 400}) {
    Packet road = kV6;
    for (int i = 0; i < count; ++i) road = road.destination_options();
    const Decoded packet(road.udp(5000, 53).payload("query"));
    EXPECT_EQ(packet.headers.status, HeaderStatus::ok) << count;
    EXPECT_EQ(packet.headers.destination_port, 53) << count;
    EXPECT_EQ(as_text(packet.headers.payload), "query") << count;
  }
}

TEST(Ip, AnExtensionHeaderLongerThanItsPacketIsNeverSound) {
  Buffer bytes = kV6.destination_options().udp(5000, 53).payload("query").bytes();
  bytes[41] = 200;
  EXPECT_NE(decode_ip(bytes, Tunnels::look_through).status, HeaderStatus::ok);
}

TEST(Ip, NoNextHeaderAndUnknownProtocolsAreSoundPacketsWithoutPorts) {
  for (const std::uint16_t protocol : std::to_array<std::uint16_t>({59, 50, 89, 132, 253})) {
    const Decoded packet(kV4.payload("something").announcing(protocol));
    EXPECT_EQ(packet.headers.status, HeaderStatus::ok) << protocol;
    EXPECT_EQ(packet.headers.ip_protocol, protocol);
    EXPECT_EQ(packet.headers.source_port, 0);
    EXPECT_EQ(packet.payload(), "something");
  }
}

TEST(Ip, AZeroTotalLengthIsThatOfSegmentationOffload) {
  const Decoded packet(kV4.length_field(0).tcp(5000, 443).payload("hello"));
  EXPECT_EQ(packet.headers.status, HeaderStatus::ok);
  EXPECT_EQ(packet.payload(), "hello");
  const Decoded jumbo(kV6.length_field(0).tcp(5000, 443).payload("hello"));
  EXPECT_EQ(jumbo.payload(), "hello");
}

TEST(Ip, LengthsThatContradictEachOtherAreMalformed) {
  EXPECT_EQ(decoded(kV4.length_field(19).udp(1, 2)).status, HeaderStatus::malformed);
  EXPECT_EQ(decoded(kV4.length_field(27).udp(1, 2)).status, HeaderStatus::malformed);  // of a UDP header, 7 bytes
  EXPECT_EQ(decoded(kV4.udp(1, 2).length_field(7)).status, HeaderStatus::malformed);
  EXPECT_EQ(decoded(kV4.udp(1, 2).payload("hello").length_field(14)).status, HeaderStatus::malformed);
  EXPECT_EQ(decoded(kV4.tcp(1, 2).length_field(16)).status, HeaderStatus::malformed);
  EXPECT_EQ(decoded(kV4.tcp(1, 2).length_field(24)).status, HeaderStatus::malformed);
  Buffer short_header = kV4.udp(1, 2).bytes();
  short_header[0] = 0x44;
  EXPECT_EQ(decode_ip(short_header, Tunnels::opaque).status, HeaderStatus::malformed);
  Buffer wrong_version = kV4.udp(1, 2).bytes();
  wrong_version[0] = 0x65;
  EXPECT_EQ(decode_frame(wrong_version, LinkType::ipv4, Tunnels::opaque).status, HeaderStatus::malformed);
}

TEST(Ip, AUdpLengthShorterThanThePacketEndsThePayload) {
  EXPECT_EQ(Decoded(kV4.udp(1, 2).payload("hello").length_field(11)).payload(), "hel");
  EXPECT_EQ(Decoded(kV4.udp(1, 2).payload("hello").length_field(0)).payload(), "hello");
}

TEST(Ip, UdpLiteCoverageIsNoLength) {
  const Decoded packet(kV4.announcing(ip_protocol::udp_lite).udp(1, 2).payload("hello").length_field(8));
  EXPECT_EQ(packet.headers.ip_protocol, ip_protocol::udp_lite);
  EXPECT_EQ(packet.payload(), "hello");
}

TEST(Ip, TcpOptionsAreSkipped) {
  const Decoded packet(kV4.tcp(1, 2).flags("S").tcp_options(Buffer{2, 4, 5, 0xb4, 1, 3, 3, 7}).payload("early"));
  EXPECT_EQ(packet.headers.status, HeaderStatus::ok);
  EXPECT_EQ(packet.headers.tcp_flags, tcp_flag::syn);
  EXPECT_EQ(packet.payload(), "early");
  EXPECT_EQ(Decoded(kV4.tcp(1, 2).tcp_options(Buffer(40, 1)).payload("x")).payload(), "x");
}

TEST(Ip, ASnapLengthInsideThePayloadLeavesItsSizeOnTheWire) {
  const Decoded tcp(kV4.tcp(1, 2).payload("hello, world").cut_to(45));
  EXPECT_EQ(tcp.headers.status, HeaderStatus::ok);
  EXPECT_EQ(tcp.payload(), "hello");
  EXPECT_EQ(tcp.headers.payload_on_wire, 12u);
  const Decoded udp(kV6.udp(1, 2).payload("hello, world").cut_to(53));
  EXPECT_EQ(udp.payload(), "hello");
  EXPECT_EQ(udp.headers.payload_on_wire, 12u);
}

TEST(Ip, ASnapLengthInsideTheHeadersIsCutOff) {
  for (const std::size_t size : {1u, 19u, 20u, 27u}) {
    EXPECT_EQ(decoded(kV4.udp(1, 2).payload("hello").cut_to(size)).status, HeaderStatus::cut_off) << size;
  }
  EXPECT_EQ(decoded(kV4.udp(1, 2).payload("hello").cut_to(28)).status, HeaderStatus::ok);
  EXPECT_EQ(decoded(kV6.udp(1, 2).cut_to(39)).status, HeaderStatus::cut_off);
  EXPECT_EQ(decoded(kV4.tcp(1, 2).tcp_options(Buffer(8, 1)).cut_to(47)).status, HeaderStatus::cut_off);
}

TEST(Fragments, OfIpv4SayWhereTheyBelong) {
  const Decoded first(kV4.first_fragment(77).udp(5000, 53).payload("12345678"));
  EXPECT_TRUE(first.headers.fragment.present);
  EXPECT_TRUE(first.headers.fragment.more);
  EXPECT_EQ(first.headers.fragment.offset, 0);
  EXPECT_EQ(first.headers.fragment.id, 77u);
  EXPECT_EQ(first.headers.destination_port, 53);
  EXPECT_EQ(first.headers.payload.size(), 16u) << "the reassembler wants the transport header too";
  const Decoded last(kV4.last_fragment(77, 16).announcing(17).payload("tail"));
  EXPECT_TRUE(last.headers.fragment.present);
  EXPECT_FALSE(last.headers.fragment.more);
  EXPECT_EQ(last.headers.fragment.offset, 16);
  EXPECT_EQ(last.headers.destination_port, 0);
  EXPECT_EQ(last.payload(), "tail");
}

TEST(Fragments, OfIpv6SayWhereTheyBelong) {
  const Decoded first(kV6.hop_by_hop().first_fragment(0x12345678).udp(5000, 53).payload("12345678"));
  EXPECT_TRUE(first.headers.fragment.present);
  EXPECT_EQ(first.headers.fragment.id, 0x12345678u);
  EXPECT_EQ(first.headers.destination_port, 53);
  const Decoded middle(kV6.middle_fragment(9, 1232).announcing(6).payload("middle!!"));
  EXPECT_EQ(middle.headers.ip_protocol, ip_protocol::tcp);
  EXPECT_EQ(middle.headers.fragment.offset, 1232);
  EXPECT_TRUE(middle.headers.fragment.more);
  EXPECT_EQ(middle.payload(), "middle!!");
}

TEST(Fragments, AnAtomicFragmentIsNoFragment) {
  const Decoded packet(kV6.last_fragment(9, 0).udp(5000, 53).payload("query"));
  EXPECT_FALSE(packet.headers.fragment.present);
  EXPECT_EQ(packet.payload(), "query");
}

TEST(Icmp, EchoHasItsIdentifierForPorts) {
  const Headers request = decoded(kV4.icmp(8, 0, 0x12340001).payload("ping"));
  const Headers reply = decoded(kV4.reversed().icmp(0, 0, 0x12340001).payload("ping"));
  EXPECT_EQ(request.source_port, 0x1234);
  EXPECT_EQ(request.destination_port, 0x1234);
  EXPECT_EQ(reply.source_port, 0x1234);
  EXPECT_FALSE(request.quoted);
  EXPECT_EQ(decoded(kV6.icmpv6(128, 0, 0x55550000)).source_port, 0x5555);
  EXPECT_EQ(decoded(kV6.icmpv6(135)).source_port, 0) << "neighbour solicitation";
}

TEST(Icmp, AnErrorBelongsToTheFlowThatItQuotes) {
  const Packet sent = kV4.udp(5000, 53).payload("query");
  const Headers error = decoded(raw().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 3).quoting(sent, 28));
  EXPECT_EQ(error.status, HeaderStatus::ok);
  EXPECT_TRUE(error.quoted);
  EXPECT_EQ(error.ip_protocol, ip_protocol::udp);
  EXPECT_EQ(error.source, ip("203.0.113.9")) << "it travels against the packet that it quotes";
  EXPECT_EQ(error.source_port, 53);
  EXPECT_EQ(error.destination, ip("192.168.1.20"));
  EXPECT_EQ(error.destination_port, 5000);
  EXPECT_TRUE(error.payload.empty());
}

TEST(Icmp, Version6QuotesToo) {
  const Packet sent = kV6.tcp(5000, 443).payload("hello");
  for (const std::uint8_t type : std::to_array<std::uint8_t>({1, 2, 3, 4})) {
    const Headers error = decoded(raw().ipv6("2001:db8::1", "2001:db8::20").icmpv6(type).quoting(sent));
    EXPECT_TRUE(error.quoted);
    EXPECT_EQ(error.ip_protocol, ip_protocol::tcp);
    EXPECT_EQ(error.source_port, 443);
  }
}

TEST(Icmp, AQuotedEchoIsThatOfItsFlow) {
  const Headers error =
      decoded(raw().ipv4("198.51.100.1", "192.168.1.20").icmp(11).quoting(kV4.icmp(8, 0, 0xbeef0001).payload("ping")));
  EXPECT_TRUE(error.quoted);
  EXPECT_EQ(error.ip_protocol, ip_protocol::icmp);
  EXPECT_EQ(error.source_port, 0xbeef);
}

TEST(Icmp, AQuoteThatIsTooShortOrALaterFragmentQuotesNothing) {
  const Packet error = raw().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 3);
  EXPECT_FALSE(decoded(error.quoting(kV4.udp(5000, 53), 22)).quoted);
  EXPECT_FALSE(decoded(error.quoting(kV4.last_fragment(7, 64).announcing(17).payload("abcdefgh"))).quoted);
  EXPECT_FALSE(decoded(error.payload("no packet at all")).quoted);
  EXPECT_EQ(decoded(error.payload("no packet at all")).status, HeaderStatus::ok);
}

TEST(Ip, EveryTruncationAndEveryFlipStaysWithinThePacket) {
  const std::vector<Packet> packets{
      kV4.ip_options(Buffer(8, 1)).tcp(1, 2).tcp_options(Buffer(12, 1)).payload("hello"),
      kV6.hop_by_hop().routing(0, 0).destination_options().udp(1, 2).payload("hello"),
      kV6.first_fragment(7).udp(1, 2).payload("12345678"),
      kV4.last_fragment(7, 16).announcing(17).payload("tail"),
      raw().ipv4("198.51.100.1", "192.168.1.20").icmp(3, 3).quoting(kV4.udp(5000, 53).payload("query")),
      raw().ipv6("2001:db8::1", "2001:db8::20").icmpv6(1).quoting(kV6.hop_by_hop().tcp(5000, 443)),
  };
  for (const Packet& packet : packets) expect_survives_damage(packet.bytes(), LinkType::raw);
}

}  // namespace
}  // namespace netscope::test
