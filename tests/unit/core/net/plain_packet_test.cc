// The short way through a plain packet says what the long way says.

#include "core/net/plain_packet.h"

#include <gtest/gtest.h>

#include "support/packets.h"
#include "unit/core/net/every_damage.h"

namespace netscope::test {
namespace {

constexpr std::size_t kAddresses = 12;  // of Ethernet; the Ethertype follows

// The same frame with a VLAN tag, which only the walk through all headers decodes.
Buffer tagged(const Buffer& frame) {
  Buffer out = frame;
  const Buffer tag{0x81, 0x00, 0x00, 0x05};
  out.insert(out.begin() + kAddresses, tag.begin(), tag.end());
  return out;
}

void expect_said_the_same(const Buffer& frame, Tunnels tunnels) {
  const Buffer other = tagged(frame);
  const Headers one = decode_frame(frame, LinkType::ethernet, tunnels);
  const Headers two = decode_frame(other, LinkType::ethernet, tunnels);
  ASSERT_EQ(one.status, two.status);
  if (one.status != HeaderStatus::ok) return;
  EXPECT_EQ(one.ip_protocol, two.ip_protocol);
  EXPECT_EQ(one.source, two.source);
  EXPECT_EQ(one.destination, two.destination);
  EXPECT_EQ(one.source_port, two.source_port);
  EXPECT_EQ(one.destination_port, two.destination_port);
  EXPECT_EQ(one.tcp_flags, two.tcp_flags);
  EXPECT_EQ(one.tcp_sequence, two.tcp_sequence);
  EXPECT_EQ(one.tcp_acknowledgment, two.tcp_acknowledgment);
  EXPECT_EQ(one.tcp_urgent, two.tcp_urgent);
  EXPECT_EQ(one.payload_on_wire, two.payload_on_wire);
  EXPECT_EQ(as_text(one.payload), as_text(two.payload));
  EXPECT_EQ(one.fragment.present, two.fragment.present);
  EXPECT_EQ(one.quoted, two.quoted);
  EXPECT_EQ(one.outer.has_value(), two.outer.has_value());
}

std::vector<Buffer> plain_frames() {
  std::vector<Buffer> frames;
  for (const Packet& road :
       {ethernet().ipv4("192.168.1.20", "203.0.113.9"), ethernet().ipv6("2001:db8::20", "2001:db8::9")}) {
    frames.push_back(road.tcp(40000, 443).payload("hello").bytes());
    frames.push_back(road.udp(40000, 53).payload("query").bytes());
    frames.push_back(road.udp(40000, net::kVxlan).payload("neither a tunnel nor short").bytes());
  }
  return frames;
}

TEST(PlainPacket, IsWhatTheWalkSays) {
  for (const Buffer& frame : plain_frames()) {
    ASSERT_EQ(decode_frame(frame, LinkType::ethernet, Tunnels::opaque).status, HeaderStatus::ok);
    for (const Tunnels tunnels : {Tunnels::opaque, Tunnels::look_through}) expect_said_the_same(frame, tunnels);
  }
}

TEST(PlainPacket, IsWhatTheWalkSaysOfEveryDamage) {
  for (const Buffer& frame : plain_frames()) {
    for (std::size_t size = kAddresses + 2; size < frame.size(); ++size) {
      SCOPED_TRACE(size);
      expect_said_the_same(Buffer(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size)),
                           Tunnels::look_through);
    }
    for (std::size_t i = kAddresses; i < frame.size(); ++i) {
      for (int value = 0; value < 256; ++value) {
        SCOPED_TRACE(i);
        Buffer changed = frame;
        changed[i] = static_cast<std::uint8_t>(value);
        expect_said_the_same(changed, Tunnels::look_through);
      }
    }
  }
}

}  // namespace
}  // namespace netscope::test
