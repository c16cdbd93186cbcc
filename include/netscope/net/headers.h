// Everything below the application, decoded into one flat struct: link layer, IP, extension headers, tunnels, TCP, UDP,
// ICMP.
#pragma once

#include <cstdint>
#include <optional>

#include "netscope/base/bytes.h"
#include "netscope/net/address.h"
#include "netscope/net/link_type.h"

namespace netscope {

// IP protocol numbers (IANA) that the decoder knows.
namespace ip_protocol {
inline constexpr std::uint8_t hop_by_hop = 0, icmp = 1, ipv4 = 4, tcp = 6, udp = 17, ipv6 = 41, routing = 43,
                              fragment = 44, gre = 47, esp = 50, authentication = 51, icmp_v6 = 58, no_next = 59,
                              destination_options = 60, mobility = 135, l2tp = 115, hip = 139, shim6 = 140,
                              udp_lite = 136;
}  // namespace ip_protocol

// TCP flags (RFC 9293, section 3.1).
namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20;
}  // namespace tcp_flag

enum class HeaderStatus : std::uint8_t {
  ok,
  not_ip,     // ARP, LLDP, ...: nothing is wrong with it
  malformed,  // lengths that contradict each other, unknown versions
  cut_off,    // the capture's snap length ended it inside the headers
};

// Where a fragment of an IP datagram belongs (RFC 791, RFC 8200 section 4.5).
struct Fragment {
  std::uint32_t id = 0;
  std::uint16_t offset = 0;  // bytes
  bool more = false;         // another fragment follows
  bool present = false;      // false: the packet is no fragment, the rest means nothing
};

// The ends of the outermost IP header of a tunnelled packet, and what carried the tunnel.
struct Outer {
  IpAddress source;
  IpAddress destination;
  std::uint8_t ip_protocol = 0;
  std::uint16_t destination_port = 0;
};

struct Headers {
  HeaderStatus status = HeaderStatus::malformed;
  std::uint8_t ip_protocol = 0;  // the protocol behind all extension headers
  std::uint8_t tcp_flags = 0;
  // The addresses and ports are those of the packet that an ICMP error quotes, its ends exchanged: the error travels
  // against it (RFC 792). `payload` is empty then.
  bool quoted = false;
  // TCP and UDP ports; for ICMP echo its identifier in both, so that request and reply are one flow; else 0. A fragment
  // has ports only at offset 0.
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t tcp_sequence = 0;
  std::uint32_t tcp_acknowledgment = 0;
  std::uint16_t tcp_urgent = 0;  // the urgent pointer, with the flag for it; else 0
  // Size of the transport's payload on the wire; more than payload.size() when the capture cut it off.
  std::uint32_t payload_on_wire = 0;
  IpAddress source;
  IpAddress destination;
  Fragment fragment;
  // The transport's payload as far as it was captured; for a fragment, the IP payload.
  Bytes payload;
  std::optional<Outer> outer;  // of a tunnelled packet
};

// Whether tunnels are looked through: GRE (RFC 2784, 2890, and its Ethernet bridging), IP in IP (RFC 2003, 4213), VXLAN
// (RFC 7348), Geneve (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380), CAPWAP data (RFC 5415), AYIYA, L2TP with
// PPP (RFC 2661) and in version 3 with Ethernet (RFC 3931), and TZSP.
enum class Tunnels : std::uint8_t { opaque, look_through };

// Encapsulations within each other and VLAN tags that are followed in one packet; more is malformed.
inline constexpr int kMaxEncapsulations = 32;

// Decodes one frame. `frame` is what was captured of it. Views of the result point into `frame`.
Headers decode_frame(Bytes frame, LinkType link, Tunnels tunnels);

// Who sent the frame over this link, where its header says so: Ethernet, and what Linux cooks of it. Where there is no
// link (raw IP, as of a tunnel's end), all that is captured is one host's own: one address for all.
LinkAddress link_sender(Bytes frame, LinkType link);

// Decodes a packet that begins with its IP header, as NFQUEUE delivers it.
Headers decode_ip(Bytes packet, Tunnels tunnels);

// Decodes the transport header of a reassembled datagram whose addresses and protocol `headers` already holds: ports,
// flags, payload and status.
void decode_transport(Bytes ip_payload, std::size_t size_on_wire, Headers& headers);

}  // namespace netscope
