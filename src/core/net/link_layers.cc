#include "core/net/link_layers.h"

#include <algorithm>

#include "netscope/net/headers.h"

namespace netscope::net {
namespace {

// EtherTypes (IEEE 802 numbers).
constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8, kOldServiceVlan = 0x9100,
                        kOlderServiceVlan = 0x9200, kPppoeSession = 0x8864, kMpls = 0x8847, kMplsMulticast = 0x8848,
                        kCiscoMetadata = 0x8909, kTransparentBridging = 0x6558, kPpp = 0x880b;

// PPP protocol numbers (IANA).
constexpr std::uint16_t kPppIpv4 = 0x0021, kPppIpv6 = 0x0057, kPppMpls = 0x0281;

Next by_ppp_protocol(std::uint16_t protocol) {
  switch (protocol) {
    case kPppIpv4: return Next::ipv4;
    case kPppIpv6: return Next::ipv6;
    case kPppMpls: return Next::mpls;
    default: return Next::not_ip;
  }
}

Next ethernet(Reader& in) {
  in.skip(12);
  const std::uint16_t type = in.u16();
  if (type < 0x0600) {  // IEEE 802.3: a length; LLC with SNAP may carry an EtherType (RFC 1042)
    if (in.u24() != 0xaaaa03) return Next::not_ip;
    in.skip(3);
    return by_ether_type(in.u16());
  }
  return by_ether_type(type);
}

Next vlan(Reader& in) {
  in.skip(2);
  const std::uint16_t type = in.u16();
  return type < 0x0600 ? Next::not_ip : by_ether_type(type);
}

Next mpls(Reader& in) {  // RFC 3032: the bottom of the stack does not say what follows; its first nibble does
  std::uint32_t label = 0;
  do {
    label = in.u32();
  } while ((label & 0x100) == 0 && in.ok());
  Reader peek = in;
  switch (const std::uint8_t first = peek.u8(); first >> 4) {
    case 4: return Next::ipv4;
    case 6: return Next::ipv6;
    case 0: in.skip(4); return Next::ethernet;  // a pseudowire's control word (RFC 4448)
    default: return Next::ethernet;
  }
}

Next ppp(Reader& in) {
  Reader peek = in;
  if (peek.u16() == 0xff03) in.skip(2);  // HDLC-like framing (RFC 1662), often left out
  std::uint16_t protocol = in.u8();
  if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | in.u8());  // else compressed to a byte
  return by_ppp_protocol(protocol);
}

Next pppoe(Reader& in) {  // RFC 2516: version and type, code, session, length
  in.skip(6);
  return Next::ppp;
}

Next cisco_metadata(Reader& in) {
  in.skip(1);
  const std::size_t words = in.u8();
  in.skip(words * 4);
  return by_ether_type(in.u16());
}

Next wlan(Reader& in) {  // IEEE 802.11 data frames, unencrypted
  const std::uint8_t control = in.u8();
  const std::uint8_t flags = in.u8();
  if ((control & 0x0c) != 0x08 || (flags & 0x40) != 0) return Next::not_ip;
  in.skip(22);
  if ((flags & 0x03) == 0x03) in.skip(6);
  if ((control & 0x80) != 0) in.skip(2);
  if ((control & 0x40) != 0) return Next::not_ip;  // no data
  if (in.u24() != 0xaaaa03) return Next::not_ip;
  in.skip(3);
  return by_ether_type(in.u16());
}

Next radiotap(Reader& in) {
  in.skip(2);
  const std::size_t length = in.u16_le();
  if (!in.ok()) return Next::cut_off;
  if (length < 4) return Next::malformed;
  in.skip(length - 4);
  return Next::wlan;
}

Next by_family(std::uint32_t family) {  // AF_INET, and AF_INET6 as the systems number it
  switch (family) {
    case 2: return Next::ipv4;
    case 10:
    case 24:
    case 28:
    case 30: return Next::ipv6;
    default: return Next::not_ip;
  }
}

Next null_loopback(Reader& in) {
  const std::uint32_t family = in.u32_le();
  return by_family(family > 0xffff ? __builtin_bswap32(family) : family);
}

Next cooked(Reader& in, std::size_t before_protocol, std::size_t after_protocol) {
  in.skip(before_protocol);
  const std::uint16_t type = in.u16();
  in.skip(after_protocol);
  return by_ether_type(type);
}

// The kernel's log: a family, then attributes in the writer's byte order, of which one holds the packet.
Next nflog(Reader& in) {
  constexpr std::uint16_t kPayload = 9;
  const Next next = by_family(in.u8());
  in.skip(3);
  while (in.ok()) {
    const std::size_t length = in.u16_le();
    const std::uint16_t type = in.u16_le();
    if (type == kPayload) return next;
    if (!in.ok()) return Next::cut_off;
    if (length < 4) return Next::malformed;
    in.skip(((length + 3) & ~std::size_t{3}) - 4);
  }
  return Next::cut_off;
}

}  // namespace

Next by_ether_type(std::uint16_t type) {
  switch (type) {
    case kIpv4: return Next::ipv4;
    case kIpv6: return Next::ipv6;
    case kVlan:
    case kServiceVlan:
    case kOldServiceVlan:
    case kOlderServiceVlan: return Next::vlan;
    case kPppoeSession: return Next::pppoe;
    case kMpls:
    case kMplsMulticast: return Next::mpls;
    case kCiscoMetadata: return Next::cisco_metadata;
    case kTransparentBridging: return Next::ethernet;
    case kPpp: return Next::ppp;
    default: return Next::not_ip;
  }
}

Next by_ip_version(const Reader& in) {
  Reader peek = in;
  switch (peek.u8() >> 4) {
    case 4: return Next::ipv4;
    case 6: return Next::ipv6;
    default: return peek.ok() ? Next::not_ip : Next::cut_off;
  }
}

Next first_step(Reader& in, LinkType link) {
  switch (link) {
    case LinkType::ethernet: return Next::ethernet;
    case LinkType::null: return null_loopback(in);
    case LinkType::loop: return by_family(in.u32());
    case LinkType::ppp:
    case LinkType::ppp_hdlc: return Next::ppp;
    case LinkType::ppp_with_direction: in.skip(1); return Next::ppp;
    case LinkType::ppp_ether: return Next::pppoe;
    case LinkType::cisco_hdlc: in.skip(2); return by_ether_type(in.u16());
    case LinkType::raw:
    case LinkType::raw_bsd:
    case LinkType::raw_openbsd: return by_ip_version(in);
    case LinkType::ipv4: return Next::ipv4;
    case LinkType::ipv6: return Next::ipv6;
    case LinkType::nflog: return nflog(in);
    case LinkType::ieee802_11: return Next::wlan;
    case LinkType::ieee802_11_radiotap: return Next::radiotap;
    case LinkType::linux_sll: return cooked(in, 14, 0);
    case LinkType::linux_sll2: return cooked(in, 0, 18);
  }
  return Next::not_ip;
}

Next link_step(Next step, Reader& in) {
  switch (step) {
    case Next::ethernet: return ethernet(in);
    case Next::vlan: return vlan(in);
    case Next::mpls: return mpls(in);
    case Next::ppp: return ppp(in);
    case Next::pppoe: return pppoe(in);
    case Next::cisco_metadata: return cisco_metadata(in);
    case Next::wlan: return wlan(in);
    case Next::radiotap: return radiotap(in);
    case Next::ip: return by_ip_version(in);
    case Next::none:
    case Next::ipv4:
    case Next::ipv6:
    case Next::transport:
    case Next::not_ip:
    case Next::malformed:
    case Next::cut_off: break;
  }
  return step;
}

}  // namespace netscope::net

namespace netscope {

LinkAddress link_sender(Bytes frame, LinkType link) {
  std::size_t size = 6;
  Reader in = Reader::whole(frame);
  switch (link) {
    case LinkType::ethernet: in.skip(6); break;
    case LinkType::linux_sll:
      in.skip(4);
      size = in.u16();
      break;
    case LinkType::linux_sll2:
      in.skip(11);
      size = in.u8();
      break;
    default: return {};
  }
  LinkAddress sender;
  const Bytes octets = in.take(sender.bytes.size());
  if (size == sender.bytes.size() && in.ok()) std::ranges::copy(octets, sender.bytes.begin());
  return sender;
}

}  // namespace netscope
