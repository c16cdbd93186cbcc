// Link types of captures, by their numbers in pcap and pcapng files (the LINKTYPE_ registry of tcpdump.org).
#pragma once

#include <cstdint>
#include <string_view>

namespace netscope {

enum class LinkType : std::uint16_t {
  null = 0,  // BSD loopback: the family in the writer's byte order
  ethernet = 1,
  ppp = 9,       // with or without HDLC-like framing
  raw_bsd = 12,  // raw IP as written by some systems (LINKTYPE_RAW is 101)
  raw_openbsd = 14,
  ppp_hdlc = 50,
  ppp_ether = 51,  // PPPoE without its Ethernet header
  raw = 101,
  cisco_hdlc = 104,
  ieee802_11 = 105,
  loop = 108,  // OpenBSD loopback: the family in network order
  linux_sll = 113,
  ieee802_11_radiotap = 127,
  ppp_with_direction = 204,
  ipv4 = 228,
  ipv6 = 229,
  nflog = 239,
  linux_sll2 = 276,
};

// Whether packets of this link type can be looked into. What cannot follows the policy for what is not parsed.
bool is_supported(LinkType link);
// "Ethernet", "Linux cooked v2", ...; "unknown" for what is not supported.
std::string_view to_string(LinkType link);

}  // namespace netscope
