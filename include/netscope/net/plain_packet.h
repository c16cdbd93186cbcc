// What nearly every packet is, decoded without a loop: IPv4 with neither options nor fragments, and TCP, or UDP on no
// tunnel's port.
//
// These say the same of such a packet as decode_frame and decode_ip, which call them first; they answer false for
// anything else, broken packets included, and what they left in `out` then means nothing. They are here to be inlined:
// where what they write goes straight on into a packet, it stays in registers.
#pragma once

#include <algorithm>

#include "netscope/base/bytes.h"
#include "netscope/net/headers.h"
#include "netscope/net/tunnel_ports.h"

namespace netscope {

// `packet` begins with its IP header; `out` is as it was made.
[[gnu::always_inline]] inline bool decode_plain_ip(Bytes packet, Tunnels tunnels, Headers& out) {
  constexpr std::size_t kIpHeader = 20, kTcpHeader = 20, kUdpHeader = 8;
  if (packet.size() < kIpHeader + kUdpHeader) return false;
  Reader in = Reader::whole(packet.first<kIpHeader + kUdpHeader>());
  const std::uint16_t version_and_length = in.u16() >> 8;
  const std::size_t total = in.u16();
  in.skip(2);
  const std::uint16_t fragment = in.u16();
  in.skip(1);
  const std::uint8_t protocol = in.u8();
  in.skip(2);
  if (version_and_length != 0x45 || (fragment & 0x3fff) != 0) return false;
  out.source = IpAddress::from_bytes(in.take(4));
  out.destination = IpAddress::from_bytes(in.take(4));
  out.source_port = in.u16();
  out.destination_port = in.u16();
  out.ip_protocol = protocol;
  std::size_t transport_header = kUdpHeader;
  if (protocol == ip_protocol::tcp) {
    if (packet.size() < kIpHeader + kTcpHeader) return false;
    in = Reader::whole(packet.subspan<kIpHeader + 4, kTcpHeader - 4>());
    out.tcp_sequence = in.u32();
    out.tcp_acknowledgment = in.u32();
    transport_header = (in.u8() >> 4) * 4u;
    out.tcp_flags = in.u8();
    if (transport_header < kTcpHeader || (out.tcp_flags & tcp_flag::urg) != 0) return false;
  } else if (protocol != ip_protocol::udp || std::size_t{in.u16()} + kIpHeader != total) {
    return false;
  }
  const std::size_t headers = kIpHeader + transport_header;
  if (total < headers || packet.size() < headers) return false;
  out.payload = packet.subspan(headers, std::min(total, packet.size()) - headers);
  out.payload_on_wire = static_cast<std::uint32_t>(total - headers);
  out.status = HeaderStatus::ok;
  return protocol == ip_protocol::tcp || tunnels == Tunnels::opaque ||
         !(net::is_tunnel_port(out.source_port) || net::is_tunnel_port(out.destination_port));
}

// `frame` begins with its link layer's header.
[[gnu::always_inline]] inline bool decode_plain_frame(Bytes frame, LinkType link, Tunnels tunnels, Headers& out) {
  constexpr std::size_t kEthernetHeader = 14;
  constexpr std::uint16_t kIpv4Ethertype = 0x0800;
  if (link != LinkType::ethernet || frame.size() < kEthernetHeader) return false;
  const std::uint16_t ethertype = Reader::whole(frame.subspan<kEthernetHeader - 2, 2>()).u16();
  return ethertype == kIpv4Ethertype && decode_plain_ip(frame.subspan(kEthernetHeader), tunnels, out);
}

}  // namespace netscope
