// What nearly every packet is, decoded without a loop: IPv4 with neither options nor fragments, or IPv6 without
// extension headers, and TCP, or UDP on no tunnel's port.
//
// These say the same of such a packet as decode_frame and decode_ip, which call them first; they answer false for
// anything else, broken packets included, and what they left in `out` then means nothing. They are here to be inlined:
// where what they write goes straight on into a packet, it stays in registers.
#pragma once

#include <algorithm>

#include "core/net/tunnel_ports.h"
#include "netscope/base/bytes.h"
#include "netscope/net/headers.h"

namespace netscope {

inline constexpr std::size_t kEthernetHeader = 14;  // IEEE 802.3, without tags

// `packet` is what arrived behind the IP header, `declared` the size that this header gives it.
[[gnu::always_inline]] inline bool decode_plain_transport(Bytes packet, std::size_t declared, Tunnels tunnels,
                                                          Headers& out) {
  constexpr std::size_t kTcpHeader = 20, kUdpHeader = 8;
  if (packet.size() < kUdpHeader) return false;
  Reader in = Reader::whole(packet.first<kUdpHeader>());
  out.source_port = in.u16();
  out.destination_port = in.u16();
  const bool tcp = out.ip_protocol == ip_protocol::tcp;
  std::size_t header = kUdpHeader;
  if (tcp) {
    if (packet.size() < kTcpHeader) return false;
    in = Reader::whole(packet.subspan<4, kTcpHeader - 4>());
    out.tcp_sequence = in.u32();
    out.tcp_acknowledgment = in.u32();
    header = (in.u8() >> 4) * 4u;
    out.tcp_flags = in.u8();
    if (header < kTcpHeader || (out.tcp_flags & tcp_flag::urg) != 0) return false;
  } else if (out.ip_protocol != ip_protocol::udp || in.u16() != declared) {
    return false;
  }
  if (declared < header || packet.size() < header) return false;
  out.payload = packet.subspan(header, std::min(declared, packet.size()) - header);
  out.payload_on_wire = static_cast<std::uint32_t>(declared - header);
  out.status = HeaderStatus::ok;
  return tcp || tunnels == Tunnels::opaque ||
         !(net::is_tunnel_port(out.source_port) || net::is_tunnel_port(out.destination_port));
}

// These take `out` as it was made, and `packet` from its IP header on.
[[gnu::always_inline]] inline bool decode_plain_ipv4(Bytes packet, Tunnels tunnels, Headers& out) {
  constexpr std::size_t kHeader = 20;
  if (packet.size() < kHeader) return false;
  Reader in = Reader::whole(packet.first<kHeader>());
  const std::uint16_t version_and_length = in.u16() >> 8;
  const std::size_t total = in.u16();
  in.skip(2);
  const std::uint16_t fragment = in.u16();
  in.skip(1);
  out.ip_protocol = in.u8();
  in.skip(2);
  if (version_and_length != 0x45 || (fragment & 0x3fff) != 0 || total < kHeader) return false;
  out.source = IpAddress::from_bytes(in.take(4));
  out.destination = IpAddress::from_bytes(in.take(4));
  return decode_plain_transport(packet.subspan(kHeader), total - kHeader, tunnels, out);
}

[[gnu::always_inline]] inline bool decode_plain_ipv6(Bytes packet, Tunnels tunnels, Headers& out) {
  constexpr std::size_t kHeader = 40;
  if (packet.size() < kHeader) return false;
  Reader in = Reader::whole(packet.first<kHeader>());
  const std::uint32_t version = in.u32() >> 28;
  const std::size_t declared = in.u16();
  out.ip_protocol = in.u8();
  in.skip(1);
  if (version != 6) return false;
  out.source = IpAddress::from_bytes(in.take(16));
  out.destination = IpAddress::from_bytes(in.take(16));
  return decode_plain_transport(packet.subspan(kHeader), declared, tunnels, out);
}

inline bool decode_plain_ip(Bytes packet, Tunnels tunnels, Headers& out) {
  return !packet.empty() && packet[0] >> 4 == 6 ? decode_plain_ipv6(packet, tunnels, out)
                                                : decode_plain_ipv4(packet, tunnels, out);
}

// What an Ethernet frame carries; 0 of a shorter one, and of any other link layer's.
[[gnu::always_inline]] inline std::uint16_t ethertype_of(Bytes frame, LinkType link) {
  if (link != LinkType::ethernet || frame.size() < kEthernetHeader) return 0;
  return Reader::whole(frame.subspan<kEthernetHeader - 2, 2>()).u16();
}

// These take `frame` from its link layer's header on.
[[gnu::always_inline]] inline bool decode_plain_ipv4_frame(Bytes frame, LinkType link, Tunnels tunnels, Headers& out) {
  constexpr std::uint16_t kIpv4 = 0x0800;
  return ethertype_of(frame, link) == kIpv4 && decode_plain_ipv4(frame.subspan(kEthernetHeader), tunnels, out);
}

inline bool decode_plain_frame(Bytes frame, LinkType link, Tunnels tunnels, Headers& out) {
  constexpr std::uint16_t kIpv6 = 0x86dd;
  return ethertype_of(frame, link) == kIpv6 ? decode_plain_ipv6(frame.subspan(kEthernetHeader), tunnels, out)
                                            : decode_plain_ipv4_frame(frame, link, tunnels, out);
}

}  // namespace netscope
