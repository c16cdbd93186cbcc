#include "captures.h"
#include "support/payloads.h"

namespace netscope::golden {
namespace {

using test::Buffer;
using test::Ends;
using test::Packet;
using test::PcapngWriter;
using test::TcpConversation;
using test::TimedPacket;

constexpr std::string_view kNear = "198.51.100.1";  // the ends of the tunnels
constexpr std::string_view kFar = "198.51.100.2";

std::vector<TimedPacket> visit(Ends ends, std::string_view name) {
  return TcpConversation(std::move(ends))
      .handshake()
      .client(test::client_hello(name))
      .server(test::server_hello())
      .close()
      .packets();
}

// Both visits, blocked.example first, each from a port of its own. `link` is what stands in front of IP.
std::vector<TimedPacket> two_visits(const Packet& link, std::uint16_t port = 40001) {
  const Time begin = test::kTestTime + std::chrono::milliseconds{10 * (port - 40001)};
  const auto next = static_cast<std::uint16_t>(port + 1);
  return test::merged({
      visit({.client_port = port, .begin = begin, .link = link}, "blocked.example"),
      visit({.server = "203.0.113.10", .client_port = next, .begin = begin, .link = link}, "allowed.example"),
  });
}

std::vector<TimedPacket> two_visits_over_ipv6(const Packet& link, std::uint16_t port = 40003) {
  const std::string client = "2001:db8:1::20";
  const Time begin = test::kTestTime + std::chrono::milliseconds{10 * (port - 40001)};
  const auto next = static_cast<std::uint16_t>(port + 1);
  return test::merged({
      visit({.client = client, .server = "2001:db8:2::9", .client_port = port, .begin = begin, .link = link},
            "blocked.example"),
      visit({.client = client, .server = "2001:db8:2::10", .client_port = next, .begin = begin, .link = link},
            "allowed.example"),
  });
}

Buffer as_pcap(const std::vector<TimedPacket>& packets) {
  return test::pcap_file(packets);
}

std::vector<TimedPacket> tagged() {
  return test::merged({
      two_visits(test::ethernet().vlan(10), 40001),
      two_visits(test::ethernet().vlan(100, 0x88a8).vlan(10), 40003),
      two_visits(test::ethernet().pppoe(0x1234), 40005),
      two_visits_over_ipv6(test::ethernet().vlan(7).pppoe(0x1235), 40007),
      two_visits(test::ethernet().mpls(16).mpls(17), 40009),
      two_visits_over_ipv6(test::ethernet().mpls(18), 40011),
  });
}

std::vector<TimedPacket> tunnelled() {
  const Packet outer = test::ethernet().ipv4(kNear, kFar);
  const Packet outer6 = test::ethernet().ipv6("2001:db8:f::1", "2001:db8:f::2");
  const Packet teredo_server = outer.udp(51413, 3544);
  return test::merged({
      two_visits(outer.gre(), 40001),
      two_visits(outer.gre({.key = 7, .sequence = 1, .checksummed = true}), 40003),
      two_visits(outer.gre().ethernet().vlan(12), 40005),
      two_visits(outer, 40007),            // 4 in 4
      two_visits_over_ipv6(outer, 40009),  // 6 in 4
      two_visits(outer6, 40011),           // 4 in 6
      two_visits(outer.udp(50001, 4789).vxlan(42).ethernet(), 40013),
      two_visits(outer.udp(50002, 6081).geneve(43, Buffer{1, 2, 3, 1, 0, 0, 0, 0}).ethernet(), 40015),
      two_visits(outer.udp(2152, 2152).gtpu(44), 40017),
      two_visits_over_ipv6(outer6.udp(2152, 2152).gtpu(45, 9), 40019),
      two_visits_over_ipv6(teredo_server, 40021),
      two_visits_over_ipv6(teredo_server.teredo_origin(51413, "203.0.113.77"), 40023),
  });
}

// Two interfaces that count time differently, and blocks that a reader has to step over.
Buffer several_interfaces() {
  PcapngWriter writer;
  writer.section();
  writer.interface({.link_type = 1, .time_resolution = 9, .name = "eth0"});
  writer.interface({.link_type = 101, .time_resolution = 0x80 + 20, .name = "tun0"});
  std::vector<TimedPacket> on_tunnel = two_visits(test::raw(), 40003);
  for (TimedPacket& packet : on_tunnel) packet.interface = 1;
  writer.block(0x0bad, as_bytes("a block of an unknown type"));
  for (const TimedPacket& packet : test::merged({two_visits(test::ethernet()), on_tunnel})) writer.enhanced(packet);
  writer.block(5, Buffer{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});  // interface statistics
  return writer.file();
}

// As a big-endian machine writes it; one conversation in simple packets, which have no time.
Buffer big_endian() {
  PcapngWriter writer;
  writer.section(std::endian::big).interface({.link_type = 1});
  for (const TimedPacket& packet : visit({.client_port = 40001}, "blocked.example")) {
    writer.simple(packet.packet.bytes());
  }
  for (const TimedPacket& packet : visit({.client_port = 40002}, "allowed.example")) {
    writer.enhanced(0, packet.at, packet.packet.bytes(), "allowed");
  }
  return writer.file();
}

// Two files of different machines, one behind the other: the byte order, the interfaces and the link type begin anew.
Buffer two_sections() {
  PcapngWriter writer;
  writer.section(std::endian::big).interface({.link_type = 1, .time_resolution = 3});
  for (const TimedPacket& packet : two_visits(test::ethernet())) writer.enhanced(packet);
  writer.section(std::endian::little).interface({.link_type = 113});
  for (const TimedPacket& packet : two_visits(test::linux_cooked(), 40003)) writer.enhanced(packet);
  return writer.file();
}

}  // namespace

std::vector<NamedCapture> wrapped_captures() {
  const auto both = [](const Packet& link) {
    return as_pcap(test::merged({two_visits(link), two_visits_over_ipv6(link)}));
  };
  const auto nanoseconds = [] {
    return test::pcap_file(two_visits(test::ethernet()), {.nanoseconds = true, .order = std::endian::big});
  };
  return {
      {"vlan-pppoe-mpls.pcap", as_pcap(tagged())},
      {"tunnels.pcap", as_pcap(tunnelled())},
      {"linux-cooked.pcap", both(test::linux_cooked())},
      {"sll2.pcap", both(test::linux_cooked_v2())},
      {"raw-ip.pcap", both(test::raw())},
      {"null.pcap", both(test::null_loopback())},
      {"ppp.pcap", both(test::ppp())},
      {"nanosecond-big-endian.pcap", nanoseconds()},
      {"several-interfaces.pcapng", several_interfaces()},
      {"big-endian.pcapng", big_endian()},
      {"two-sections.pcapng", two_sections()},
  };
}

}  // namespace netscope::golden
