#include "core/net/tunnels.h"

namespace netscope::net {
namespace {

Tunnel inside(Next next, const Reader& in) {
  return in.ok() ? Tunnel{next, in.rest()} : Tunnel{};
}

Tunnel looks_like_ip(const Reader& in) {
  Reader peek = in;
  const std::uint8_t version = peek.u8() >> 4;
  if (version == 4) return inside(Next::ipv4, in);
  if (version == 6) return inside(Next::ipv6, in);
  return {};
}

// GRE (RFC 2784, 2890), its version 1 for PPTP (RFC 2637), and what wireless controllers and mirrors put into it.
Tunnel gre(Reader in) {
  const std::uint16_t flags = in.u16();
  const std::uint16_t type = in.u16();
  if ((flags & 0x8000) != 0 || (flags & 0x4000) != 0) in.skip(4);       // checksum, offset
  if ((flags & 0x2000) != 0) in.skip(4);                                // key
  if ((flags & 0x1000) != 0) in.skip(4);                                // sequence number
  if ((flags & 0x0080) != 0 && (flags & 7) == 1) in.skip(4);            // PPTP's acknowledgment
  if (type >= 0x8200 && type <= 0x8370) return inside(Next::wlan, in);  // Aruba's, one for each kind of tunnel
  switch (type) {
    case 0x88be:  // ERSPAN type II where a sequence number is present, else type I without a header
      if ((flags & 0x1000) != 0) in.skip(8);
      return inside(Next::ethernet, in);
    case 0x22eb: {  // ERSPAN type III
      in.skip(11);
      if ((in.u8() & 1) != 0) in.skip(8);
      return inside(Next::ethernet, in);
    }
    case 0x9000: return inside(Next::wlan, in);
    case 0x883e: return looks_like_ip(in);
    default: {
      const Next next = by_ether_type(type);
      return next == Next::not_ip ? Tunnel{} : inside(next, in);
    }
  }
}

Tunnel vxlan(Reader in) {  // RFC 7348; the Generic Protocol Extension names what follows
  const std::uint8_t flags = in.u8();
  in.skip(2);
  const std::uint8_t next = in.u8();
  in.skip(4);
  if ((flags & 0x08) == 0) return {};
  if ((flags & 0x04) == 0 || next == 3) return inside(Next::ethernet, in);
  if (next == 1) return inside(Next::ipv4, in);
  return next == 2 ? inside(Next::ipv6, in) : Tunnel{};
}

Tunnel geneve(Reader in) {
  const std::uint8_t version_and_options = in.u8();
  in.skip(1);
  const std::uint16_t type = in.u16();
  in.skip(4 + (version_and_options & 0x3f) * 4u);
  const Next next = by_ether_type(type);
  return version_and_options >> 6 != 0 || next == Next::not_ip ? Tunnel{} : inside(next, in);
}

Tunnel gtp_user(Reader in) {  // 3GPP TS 29.281, section 5: a G-PDU carries the user's packet
  const std::uint8_t flags = in.u8();
  const std::uint8_t type = in.u8();
  in.skip(6);
  if (flags >> 5 != 1 || (flags & 0x10) == 0 || type != 0xff) return {};
  if ((flags & 0x07) != 0) {
    in.skip(3);
    for (std::uint8_t extension = in.u8(); extension != 0 && in.ok();) {
      const std::size_t words = in.u8();
      if (words == 0) return {};
      in.skip(words * 4 - 2);
      extension = in.u8();
    }
  }
  return looks_like_ip(in);
}

Tunnel teredo(Reader in) {  // RFC 4380, section 5.1.1: authentication and origin indications may stand ahead
  for (int i = 0; i < 2; ++i) {
    Reader peek = in;
    const std::uint16_t indicator = peek.u16();
    if (indicator == 1) {
      const std::size_t id = peek.u8();
      const std::size_t authentication = peek.u8();
      peek.skip(id + authentication + 9);
      in = peek;
    } else if (indicator == 0) {
      in.skip(8);
    }
  }
  Reader peek = in;
  return peek.u8() >> 4 == 6 ? inside(Next::ipv6, in) : Tunnel{};
}

Tunnel ayiya(Reader in) {
  const std::uint8_t identity = in.u8();
  const std::uint8_t signature = in.u8();
  in.skip(1);
  const std::uint8_t next = in.u8();
  in.skip(4 + (std::size_t{1} << (identity >> 4)) + (signature >> 4) * 4u);
  return next == ip_protocol::ipv6 ? inside(Next::ipv6, in) : Tunnel{};
}

Tunnel capwap_data(Reader in) {  // RFC 5415, section 4.3
  if (in.u8() != 0) return {};
  const std::uint32_t fields = in.u24();
  const std::size_t header_words = fields >> 19;
  const bool native_frame = (fields & 0x000100) != 0;
  const bool fragment = (fields & 0x000080) != 0;
  if (header_words < 2 || fragment) return {};
  in.skip(header_words * 4 - 4);
  return inside(native_frame ? Next::wlan : Next::ethernet, in);
}

// Over IP, or in UDP behind a version of its own (RFC 3931, sections 4.1.1 and 4.1.2): a session, then a cookie and a
// sublayer as long as both ends agreed on, and Ethernet where that makes sense.
Tunnel l2tp_v3(Reader in) {
  constexpr int kMostWords = 3;  // of a cookie (section 4.1) and a sublayer (section 4.6)
  const std::uint32_t session = in.u32();
  if (session == 0) return {};  // a control message
  for (int words = 0; words <= kMostWords; ++words) {
    if (is_ethernet_with_ip(in)) return inside(Next::ethernet, in);
    in.skip(4);
  }
  return {};
}

Tunnel l2tp(Reader in) {  // RFC 2661, section 3.1: PPP
  constexpr std::uint16_t kLength = 0x4000, kSequence = 0x0800, kOffset = 0x0200, kPriority = 0x0100;
  const std::uint16_t flags_and_version = in.u16();
  const std::uint16_t flags = flags_and_version & 0xfff0;
  const int version = flags_and_version & 0x000f;
  if (version == 3 && flags == 0) {
    in.skip(2);
    return l2tp_v3(in);
  }
  if (version != 2 || (flags & ~(kLength | kSequence | kOffset | kPriority)) != 0) return {};  // or a control message
  if ((flags & kLength) != 0) in.skip(2);
  in.skip(4);  // tunnel and session
  if ((flags & kSequence) != 0) in.skip(4);
  if ((flags & kOffset) != 0) in.skip(in.u16());
  return inside(Next::ppp, in);
}

// TaZmen Sniffer Protocol: frames that an access point or router copies to whoever listens.
Tunnel tzsp(Reader in) {
  constexpr std::uint8_t kVersion = 1, kReceived = 0, kToTransmit = 1, kPadding = 0, kEnd = 1;
  constexpr std::uint16_t kEthernet = 1, kWlan = 18;
  const std::uint8_t version = in.u8();
  const std::uint8_t type = in.u8();
  const std::uint16_t protocol = in.u16();
  if (version != kVersion || (type != kReceived && type != kToTransmit)) return {};
  for (std::uint8_t tag = in.u8(); tag != kEnd && in.ok(); tag = in.u8()) {
    if (tag != kPadding) in.skip(in.u8());
  }
  if (protocol == kEthernet) return inside(Next::ethernet, in);
  return protocol == kWlan ? inside(Next::wlan, in) : Tunnel{};
}

Tunnel by_port(std::uint16_t port, const Reader& in) {
  switch (port) {
    case kVxlan:
    case kVxlanLinux: return vxlan(in);
    case kGeneve: return geneve(in);
    case kGtpUser: return gtp_user(in);
    case kTeredo: return teredo(in);
    case kAyiya: return ayiya(in);
    case kL2tp: return l2tp(in);
    case kTzsp: return tzsp(in);
    case kCapwapData: return capwap_data(in);
    case kGreInUdp: return gre(in);
    default: return {};
  }
}

}  // namespace

Tunnel find_tunnel(Bytes ip_payload, const Headers& headers) {
  if (headers.fragment.present || headers.quoted) return {};
  switch (headers.ip_protocol) {
    case ip_protocol::gre: return gre(Reader::whole(ip_payload));
    case ip_protocol::ipv4: return inside(Next::ipv4, Reader::whole(ip_payload));
    case ip_protocol::ipv6: return inside(Next::ipv6, Reader::whole(ip_payload));
    case ip_protocol::l2tp: return l2tp_v3(Reader::whole(ip_payload));
    case ip_protocol::udp: {
      const Tunnel tunnel = by_port(headers.destination_port, Reader::whole(headers.payload));
      return tunnel.next != Next::none ? tunnel : by_port(headers.source_port, Reader::whole(headers.payload));
    }
    default: return {};
  }
}

}  // namespace netscope::net
