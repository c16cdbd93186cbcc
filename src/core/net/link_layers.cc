#include "core/net/link_layers.h"

#include <algorithm>
#include <iterator>

#include "netscope/net/headers.h"

namespace netscope::net {
namespace {

// EtherTypes (IEEE 802 numbers).
constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd, kVlan = 0x8100, kServiceVlan = 0x88a8, kOldServiceVlan = 0x9100,
                        kOlderServiceVlan = 0x9200, kPppoeSession = 0x8864, kMpls = 0x8847, kMplsMulticast = 0x8848,
                        kCiscoMetadata = 0x8909, kTransparentBridging = 0x6558, kPpp = 0x880b;

// PPP protocol numbers (IANA).
constexpr std::uint16_t kPppIpv4 = 0x0021, kPppIpv6 = 0x0057, kPppMpls = 0x0281;

// To a multiple of four.
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) & ~std::size_t{3};
}

Next by_ppp_protocol(std::uint16_t protocol) {
  switch (protocol) {
    case kPppIpv4: return Next::ipv4;
    case kPppIpv6: return Next::ipv6;
    case kPppMpls: return Next::mpls;
    default: return Next::not_ip;
  }
}

Next llc(Reader& in) {  // IEEE 802.2: with SNAP it may carry an EtherType (RFC 1042)
  if (in.u24() != 0xaaaa03) return Next::not_ip;
  in.skip(3);
  return by_ether_type(in.u16());
}

Next by_type_or_length(Reader& in) {  // IEEE 802.3: what is no EtherType is the length of what LLC begins
  const std::uint16_t type = in.u16();
  return type < 0x0600 ? llc(in) : by_ether_type(type);
}

Next ethernet(Reader& in) {
  in.skip(12);
  return by_type_or_length(in);
}

Next vlan(Reader& in) {
  in.skip(2);
  return by_type_or_length(in);
}

// Whether the IP packet that this would be ends where the bytes do.
bool fills_the_rest(Reader in, Next version) {
  const std::size_t size = in.arrived();
  in.skip(version == Next::ipv4 ? 2 : 4);
  return in.u16() + (version == Next::ipv4 ? 0u : 40u) == size;
}

// RFC 3032: the bottom of the stack does not say what follows. IP begins with its version and an Ethernet pseudowire's
// control word with zeros (RFC 4448, section 4.6), but so may the address that such a pseudowire begins with when it
// has no control word: then what makes sense behind it tells.
Next mpls(Reader& in) {
  std::uint32_t label = 0;
  do {
    label = in.u32();
  } while ((label & 0x100) == 0 && in.ok());
  Reader behind_word = in;
  const std::uint16_t first = behind_word.u16();
  behind_word.skip(2);
  const bool plain = is_ethernet_with_ip(in);
  if (const Next ip = by_ip_version(in); ip == Next::ipv4 || ip == Next::ipv6) {
    return plain && !fills_the_rest(in, ip) ? Next::ethernet : ip;
  }
  if (first >> 12 == 0 && (is_ethernet_with_ip(behind_word) || (!plain && first == 0))) in.skip(4);
  return Next::ethernet;
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
  return by_type_or_length(in);
}

// Several frames in one (A-MSDU; IEEE 802.11-2020, section 9.3.2.2.2), each with a header and padded to four bytes. A
// frame is one packet here: the first that is IP.
Next aggregate(Reader& in) {
  constexpr std::size_t kChecksum = 4;  // of the whole frame; some captures hold it
  do {
    in.skip(12);
    const std::size_t length = in.u16();
    if (!in.ok()) return Next::cut_off;
    Reader inside = Reader::whole(in.rest().first(std::min(length, in.arrived())));
    const Next next = llc(inside);
    if (!inside.ok()) return length > in.arrived() ? Next::cut_off : Next::malformed;
    if (next != Next::not_ip) {
      in = inside;
      return next;
    }
    in.skip(std::min(padded(14 + length) - 14, in.arrived()));
  } while (in.arrived() > kChecksum);
  return Next::not_ip;
}

enum class Pad : std::uint8_t { none, to_four_bytes };  // between the header and what it carries

Next wlan(Reader& in, Pad pad) {  // IEEE 802.11 data frames, unencrypted
  const std::uint8_t control = in.u8();
  const std::uint8_t flags = in.u8();
  if ((control & 0x0c) != 0x08 || (flags & 0x40) != 0) return Next::not_ip;
  std::size_t size = 24;
  if ((flags & 0x03) == 0x03) size += 6;
  in.skip(size - 2);
  bool is_aggregate = false;
  if ((control & 0x80) != 0) {  // QoS
    is_aggregate = (in.u16() & 0x8000) != 0;
    const std::size_t ht_control = (flags & 0x80) != 0 ? 4 : 0;
    in.skip(ht_control);
    size += 2 + ht_control;
  }
  if ((control & 0x40) != 0) return Next::not_ip;  // no data
  if (pad == Pad::to_four_bytes) in.skip(padded(size) - size);
  return is_aggregate ? aggregate(in) : llc(in);
}

// A field of a radiotap header, in bytes; it lies at a multiple of `alignment` from the header's beginning.
struct RadiotapField {
  std::uint8_t alignment;
  std::uint8_t size;
};
// By their bits in the bitmap (radiotap.org, "Defined fields").
constexpr RadiotapField kRadiotapFields[]{
    {8, 8}, {1, 1}, {1, 1}, {2, 4}, {2, 2}, {1, 1}, {1, 1}, {2, 2},  {2, 2},  {2, 2},  {1, 1},  {1, 1}, {1, 1}, {1, 1},
    {2, 2}, {2, 2}, {1, 1}, {1, 1}, {4, 8}, {1, 3}, {4, 8}, {2, 12}, {8, 12}, {2, 12}, {2, 12}, {2, 6}, {1, 1}, {2, 4}};

// The Flags of the frame, 0 where there are none. The bitmaps of all namespaces stand first, then the fields; of a
// vendor's we know how long they are together.
std::uint8_t radiotap_flags(Bytes header) {
  constexpr std::size_t kFlags = 1;
  constexpr std::uint32_t kRadiotapNext = 1u << 29, kVendorNext = 1u << 30, kMore = 1u << 31;
  Reader bitmaps = Reader::whole(header);
  bitmaps.skip(4);
  Reader fields = bitmaps;
  while ((fields.u32_le() & kMore) != 0) {
  }
  const auto take = [&](RadiotapField field) {
    const std::size_t over = (header.size() - fields.arrived()) % field.alignment;
    fields.skip(over == 0 ? 0 : field.alignment - over);
    return Reader::whole(fields.take(field.size));
  };
  bool is_vendors = false;
  std::uint32_t present = 0;
  do {
    present = bitmaps.u32_le();
    for (std::size_t bit = 0; bit < std::size(kRadiotapFields) && !is_vendors; ++bit) {
      if ((present >> bit & 1) == 0) continue;
      Reader field = take(kRadiotapFields[bit]);
      if (bit == kFlags) return field.u8();
    }
    if ((present & kVendorNext) != 0) {
      Reader vendor = take({2, 6});
      vendor.skip(4);
      fields.skip(vendor.u16_le());
      is_vendors = true;
    } else if ((present & kRadiotapNext) != 0) {
      is_vendors = false;
    } else if (!is_vendors) {
      return 0;  // fields behind these have no size that we know
    }
  } while ((present & kMore) != 0 && fields.ok());
  return 0;
}

Next radiotap(Reader& in) {
  constexpr std::uint8_t kDataPad = 0x20;
  Reader peek = in;
  peek.skip(2);
  const std::size_t length = peek.u16_le();
  if (!peek.ok()) return Next::cut_off;
  if (length < 4) return Next::malformed;
  return (radiotap_flags(in.take(length)) & kDataPad) != 0 ? Next::wlan_padded : Next::wlan;
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
  constexpr std::uint16_t kLlc = 4;  // Linux's ETH_P_802_2
  in.skip(before_protocol);
  const std::uint16_t type = in.u16();
  in.skip(after_protocol);
  return type == kLlc ? llc(in) : by_ether_type(type);
}

// The kernel's log: a family, then attributes, of which one holds the packet. Their lengths and types are in the byte
// order of the machine that wrote them, which nothing names; but a type is a small number, of 14 bits below two flags,
// and shows by the byte that it leaves empty.
Next nflog(Reader& in) {
  constexpr std::uint16_t kPacketHeader = 1, kPayload = 9;
  constexpr std::uint8_t kFlags = 0xc0;
  Next next = by_family(in.u8());
  in.skip(3);
  Reader peek = in;
  peek.skip(2);
  const bool first_is_empty = (peek.u8() & ~kFlags) == 0;
  const bool second_is_empty = (peek.u8() & ~kFlags) == 0;
  if (!peek.ok()) return Next::cut_off;
  if (first_is_empty == second_is_empty) return Next::malformed;
  const auto u16 = [&] { return first_is_empty ? in.u16() : in.u16_le(); };
  while (in.ok()) {
    const std::size_t length = u16();
    const std::uint16_t type = u16();
    if (type == kPayload) return next;
    if (!in.ok()) return Next::cut_off;
    if (length < 4) return Next::malformed;
    Reader value = Reader::whole(in.take(padded(length) - 4));
    // A bridge's packets have no family of IP, and name their EtherType.
    if (type == kPacketHeader && next == Next::not_ip) next = by_ether_type(value.u16());
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

bool is_ethernet_with_ip(Reader in) {
  Next next = ethernet(in);
  for (int tags = 0; tags < kMaxTags && next == Next::vlan; ++tags) next = vlan(in);
  return (next == Next::ipv4 || next == Next::ipv6) && by_ip_version(in) == next;
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
    case Next::wlan: return wlan(in, Pad::none);
    case Next::wlan_padded: return wlan(in, Pad::to_four_bytes);
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

// Of nobody's making: the second bit of its first byte says so.
constexpr LinkAddress kWithoutLink{{2}};

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
    case LinkType::raw:
    case LinkType::raw_bsd:
    case LinkType::raw_openbsd: return kWithoutLink;
    default: return {};
  }
  LinkAddress sender;
  const Bytes octets = in.take(sender.bytes.size());
  if (size == sender.bytes.size() && in.ok()) std::ranges::copy(octets, sender.bytes.begin());
  return sender;
}

}  // namespace netscope
