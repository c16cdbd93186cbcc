// One walk from the link layer to the transport's payload.
//
// The walk is a loop over "what comes next", because encapsulations nest in any order: a VLAN tag in a PPPoE session in
// a Geneve tunnel. Each step reads one header from the same Reader and names the next step. Nothing recurses, and
// kMaxEncapsulations bounds the loop.

#include "netscope/net/headers.h"

#include <algorithm>
#include <optional>

#include "core/net/plain_packet.h"
#include "core/net/tunnels.h"

namespace netscope {
namespace {

using net::Next;

// Takes the IP header off `in` and leaves `in` at the end that the header declares. `size_on_wire` receives the size of
// the IP payload as declared. An IPv4 header (RFC 791, section 3.1).
Next ipv4(Reader& in, Headers& out, std::size_t& size_on_wire) {
  const Bytes whole = in.rest();
  const std::uint8_t version_and_length = in.u8();
  const std::size_t header_length = (version_and_length & 0x0f) * 4u;
  in.skip(1);
  const std::size_t total = in.u16();
  out.fragment.id = in.u16();
  const std::uint16_t fragment = in.u16();
  in.skip(1);
  out.ip_protocol = in.u8();
  in.skip(2);
  out.source = IpAddress::from_bytes(in.take(4));
  out.destination = IpAddress::from_bytes(in.take(4));
  if (!in.ok()) return Next::cut_off;
  if (version_and_length >> 4 != 4 || header_length < 20) return Next::malformed;
  // Segmentation offload leaves the length 0 in what the sending host captures of itself.
  const std::size_t declared = total == 0 ? whole.size() : total;
  if (declared < header_length) return Next::malformed;
  in.skip(header_length - 20);
  if (!in.ok()) return Next::cut_off;
  size_on_wire = declared - header_length;
  in = Reader::whole(in.rest().first(std::min(size_on_wire, in.arrived())));
  out.fragment.offset = static_cast<std::uint16_t>((fragment & 0x1fff) * 8);
  out.fragment.more = (fragment & 0x2000) != 0;
  out.fragment.present = (fragment & 0x3fff) != 0;
  return Next::transport;
}

// IPv6 extension headers up to the transport (RFC 8200, section 4): as many as there are, each of eight bytes or more.
Next ipv6_extensions(Reader& in, Headers& out, std::size_t& size_on_wire, std::uint8_t next) {
  for (;;) {
    const std::size_t before = in.arrived();
    switch (next) {
      case ip_protocol::hop_by_hop:
      case ip_protocol::routing:
      case ip_protocol::destination_options:
      case ip_protocol::mobility:
      case ip_protocol::hip:
      case ip_protocol::shim6: {
        next = in.u8();
        const std::size_t length = in.u8();
        in.skip(6 + length * 8);
        break;
      }
      case ip_protocol::authentication: {  // RFC 4302, section 2.2: in words of four bytes, less two
        next = in.u8();
        const std::size_t length = in.u8();
        in.skip(2 + length * 4 + 4);
        break;
      }
      case ip_protocol::fragment: {
        next = in.u8();
        in.skip(1);
        const std::uint16_t offset = in.u16();
        out.fragment.id = in.u32();
        out.fragment.offset = offset & 0xfff8;
        out.fragment.more = (offset & 1) != 0;
        out.fragment.present = out.fragment.offset != 0 || out.fragment.more;  // else atomic (RFC 6946)
        break;
      }
      default: out.ip_protocol = next; return Next::transport;
    }
    if (!in.ok()) return Next::cut_off;
    const std::size_t read = before - in.arrived();
    if (read > size_on_wire) return Next::malformed;
    size_on_wire -= read;
    if (out.fragment.present) {
      out.ip_protocol = next;
      return Next::transport;
    }
  }
}

Next ipv6(Reader& in, Headers& out, std::size_t& size_on_wire) {
  const std::uint32_t version = in.u32() >> 28;
  const std::size_t payload_length = in.u16();
  const std::uint8_t next = in.u8();
  in.skip(1);
  out.source = IpAddress::from_bytes(in.take(16));
  out.destination = IpAddress::from_bytes(in.take(16));
  if (!in.ok()) return Next::cut_off;
  if (version != 6) return Next::malformed;
  size_on_wire = payload_length == 0 ? in.arrived() : payload_length;  // 0: jumbograms and segmentation offload
  in = Reader::whole(in.rest().first(std::min(size_on_wire, in.arrived())));
  out.fragment = {};
  return ipv6_extensions(in, out, size_on_wire, next);
}

// From here on `out` describes what travels inside; the outermost ends stay known.
void enter_tunnel(Headers& out) {
  if (!out.outer) out.outer = Outer{out.source, out.destination, out.ip_protocol, out.destination_port};
  out.source_port = out.destination_port = 0;
  out.tcp_flags = 0;
}

void tcp(Bytes ip_payload, std::size_t size_on_wire, Headers& out) {
  Reader in = Reader::whole(ip_payload);
  out.source_port = in.u16();
  out.destination_port = in.u16();
  out.tcp_sequence = in.u32();
  out.tcp_acknowledgment = in.u32();
  const std::size_t header_length = (in.u8() >> 4) * 4u;
  out.tcp_flags = in.u8();
  in.skip(4);
  const std::uint16_t urgent = in.u16();
  if ((out.tcp_flags & tcp_flag::urg) != 0) out.tcp_urgent = urgent;
  if (!in.ok()) {
    out.status = size_on_wire < 20 ? HeaderStatus::malformed : HeaderStatus::cut_off;
    return;
  }
  if (header_length < 20 || header_length > size_on_wire) {
    out.status = HeaderStatus::malformed;
    return;
  }
  in.skip(header_length - 20);
  out.status = in.ok() ? HeaderStatus::ok : HeaderStatus::cut_off;
  out.payload = in.rest();
  out.payload_on_wire = static_cast<std::uint32_t>(size_on_wire - header_length);
}

void udp(Bytes ip_payload, std::size_t size_on_wire, Headers& out) {
  Reader in = Reader::whole(ip_payload);
  out.source_port = in.u16();
  out.destination_port = in.u16();
  std::size_t length = in.u16();
  in.skip(2);
  if (!in.ok()) {
    out.status = size_on_wire < 8 ? HeaderStatus::malformed : HeaderStatus::cut_off;
    return;
  }
  // 0 is a jumbogram's (RFC 2675). UDP-Lite's coverage (RFC 3828) is no length. A datagram longer than its packet is a
  // lie that receivers drop; a fragment's first part is shorter than what it declares.
  if (length == 0 || out.ip_protocol == ip_protocol::udp_lite) length = size_on_wire;
  if (length < 8 || (length > size_on_wire && !out.fragment.present)) {
    out.status = HeaderStatus::malformed;
    return;
  }
  out.status = HeaderStatus::ok;
  out.payload = in.rest().first(std::min(length - 8, in.arrived()));
  out.payload_on_wire = static_cast<std::uint32_t>(length - 8);
}

// Ports of the packet that an ICMP error quotes: only its first eight bytes are promised (RFC 792).
void quoted_packet(Reader in, Headers& out) {
  Headers inner;
  std::size_t size_on_wire = 0;
  const Next step = net::by_ip_version(in);
  if (step != Next::ipv4 && step != Next::ipv6) return;
  if ((step == Next::ipv4 ? ipv4(in, inner, size_on_wire) : ipv6(in, inner, size_on_wire)) != Next::transport) return;
  if (inner.fragment.present && inner.fragment.offset != 0) return;
  if (inner.ip_protocol == ip_protocol::icmp || inner.ip_protocol == ip_protocol::icmp_v6) {
    in.skip(4);
    inner.source_port = inner.destination_port = in.u16();
  } else {
    inner.source_port = in.u16();
    inner.destination_port = in.u16();
  }
  if (!in.ok()) return;
  out.quoted = true;
  out.source = inner.destination;
  out.destination = inner.source;
  out.source_port = inner.destination_port;
  out.destination_port = inner.source_port;
  out.ip_protocol = inner.ip_protocol;
  out.payload = {};
  out.payload_on_wire = 0;
}

// ICMP (RFC 792) and ICMPv6 (RFC 4443).
void icmp(Bytes ip_payload, std::size_t size_on_wire, Headers& out) {
  Reader in = Reader::whole(ip_payload);
  const std::uint8_t type = in.u8();
  in.skip(3);
  const std::uint16_t identifier = in.u16();
  in.skip(2);
  if (!in.ok()) {
    out.status = size_on_wire < 8 ? HeaderStatus::malformed : HeaderStatus::cut_off;
    return;
  }
  out.status = HeaderStatus::ok;
  const bool v6 = out.ip_protocol == ip_protocol::icmp_v6;
  const bool error = v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  const bool echo = v6 ? type == 128 || type == 129 : type == 0 || type == 8;
  if (echo) out.source_port = out.destination_port = identifier;
  out.payload = in.rest();
  out.payload_on_wire = static_cast<std::uint32_t>(size_on_wire - 8);
  if (error) quoted_packet(in, out);
}

// The whole walk. `out.status` says how it ended. Of a tunnel whose inside is not sound, the packet around it counts.
[[gnu::noinline]] void walk(Next next, Reader& in, Tunnels tunnels, Headers& out) {
  std::optional<Headers> around;  // the packet that the innermost tunnel travels in
  const auto end = [&](HeaderStatus status) {
    out.status = status;
    if (around) out = *around;
  };
  std::size_t size_on_wire = 0;
  for (int i = 0; i < kMaxEncapsulations; ++i) {
    switch (next) {
      case Next::ethernet:
      case Next::vlan:
      case Next::mpls:
      case Next::ppp:
      case Next::pppoe:
      case Next::cisco_metadata:
      case Next::wlan:
      case Next::wlan_padded:
      case Next::radiotap:
      case Next::ip: next = net::link_step(next, in); break;
      case Next::ipv4: next = ipv4(in, out, size_on_wire); break;
      case Next::ipv6: next = ipv6(in, out, size_on_wire); break;
      case Next::transport: {
        const Bytes ip_payload = in.rest();
        decode_transport(ip_payload, size_on_wire, out);
        if (out.status != HeaderStatus::ok) return end(out.status);
        if (tunnels == Tunnels::opaque) return;
        const net::Tunnel tunnel = net::find_tunnel(ip_payload, out);
        if (tunnel.next == Next::none) return;
        around = out;
        enter_tunnel(out);
        in = Reader::whole(tunnel.inside);
        next = tunnel.next;
        break;
      }
      case Next::none:
      case Next::not_ip: return end(HeaderStatus::not_ip);
      case Next::malformed: return end(HeaderStatus::malformed);
      case Next::cut_off: return end(HeaderStatus::cut_off);
    }
    if (!in.ok() && next != Next::malformed) next = Next::cut_off;
  }
  return end(HeaderStatus::malformed);
}

}  // namespace

void decode_transport(Bytes ip_payload, std::size_t size_on_wire, Headers& headers) {
  headers.status = HeaderStatus::ok;
  headers.payload = ip_payload;
  headers.payload_on_wire = static_cast<std::uint32_t>(size_on_wire);
  if (headers.fragment.present && headers.fragment.offset != 0) return;
  switch (headers.ip_protocol) {
    case ip_protocol::tcp: tcp(ip_payload, size_on_wire, headers); break;
    case ip_protocol::udp:
    case ip_protocol::udp_lite: udp(ip_payload, size_on_wire, headers); break;
    case ip_protocol::icmp:
    case ip_protocol::icmp_v6: icmp(ip_payload, size_on_wire, headers); break;
    default: break;
  }
  // A fragment keeps its whole IP payload: the reassembler wants the transport header too.
  if (headers.fragment.present && headers.status == HeaderStatus::ok) {
    headers.payload = ip_payload;
    headers.payload_on_wire = static_cast<std::uint32_t>(size_on_wire);
  }
}

Headers decode_frame(Bytes frame, LinkType link, Tunnels tunnels) {
  Headers headers;
  if (decode_plain_frame(frame, link, tunnels, headers)) return headers;
  headers = Headers();
  Reader in = Reader::whole(frame);
  const Next first = net::first_step(in, link);
  walk(in.ok() ? first : Next::cut_off, in, tunnels, headers);
  return headers;
}

Headers decode_ip(Bytes packet, Tunnels tunnels) {
  Headers headers;
  if (decode_plain_ip(packet, tunnels, headers)) return headers;
  headers = Headers();
  Reader in = Reader::whole(packet);
  walk(Next::ip, in, tunnels, headers);
  return headers;
}

}  // namespace netscope
