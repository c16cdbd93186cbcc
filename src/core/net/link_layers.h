// What stands in front of an IP header: link layers, tags and sessions, in whatever order they nest.
#pragma once

#include <cstdint>

#include "netscope/base/bytes.h"
#include "netscope/net/link_type.h"

namespace netscope::net {

// The next header on the way from the link layer to the transport.
enum class Next : std::uint8_t {
  none,
  ethernet,
  vlan,
  mpls,
  ppp,
  pppoe,
  cisco_metadata,
  wlan,
  wlan_padded,  // with its header filled up to a multiple of four bytes
  radiotap,
  ip,
  ipv4,
  ipv6,
  transport,
  not_ip,
  malformed,
  cut_off,
};

// How a frame of this link type begins; what comes ahead of that is taken off `in`.
Next first_step(Reader& in, LinkType link);
// Takes a header below IP off `in` and says what follows it. Steps from IP on come back as they are.
Next link_step(Next step, Reader& in);
// What an EtherType announces; not_ip for what carries no IP.
Next by_ether_type(std::uint16_t type);
// ipv4 or ipv6 by the version that the next byte holds, which stays where it is.
Next by_ip_version(const Reader& in);

// VLAN tags that is_ethernet_with_ip follows.
inline constexpr int kMaxTags = 4;
// Whether this reads as an Ethernet frame with an IP packet in it: for where nothing says what follows.
bool is_ethernet_with_ip(Reader in);

}  // namespace netscope::net
