// Tunnels: what a packet carries inside when it carries a packet.
#pragma once

#include <cstdint>

#include "netscope/base/bytes.h"
#include "netscope/net/headers.h"

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
  radiotap,
  ip,
  ipv4,
  ipv6,
  transport,
  not_ip,
  malformed,
  cut_off,
};

Next by_ether_type(std::uint16_t type);

struct Tunnel {
  Next next = Next::none;  // how `inside` begins; none: the packet is no tunnel that we know
  Bytes inside;
};

// Looks at a packet whose headers are decoded and sound; `ip_payload` is what its IP header carries.
Tunnel find_tunnel(Bytes ip_payload, const Headers& headers);

}  // namespace netscope::net
