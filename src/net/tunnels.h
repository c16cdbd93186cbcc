// Tunnels: what a packet carries inside when it carries a packet.
#pragma once

#include "net/link_layers.h"
#include "netscope/base/bytes.h"
#include "netscope/net/headers.h"

namespace netscope::net {

// UDP ports of tunnels (IANA; 8472 is what Linux used before VXLAN had a port).
inline constexpr std::uint16_t kGtpUser = 2152, kTeredo = 3544, kGreInUdp = 4754, kVxlan = 4789, kAyiya = 5072,
                               kCapwapData = 5247, kGeneve = 6081, kVxlanLinux = 8472;

struct Tunnel {
  Next next = Next::none;  // how `inside` begins; none: the packet is no tunnel that we know
  Bytes inside;
};

// Whether a datagram to or from this UDP port may be a tunnel.
constexpr bool is_tunnel_port(std::uint16_t port) {
  switch (port) {
    case kGtpUser:
    case kTeredo:
    case kGreInUdp:
    case kVxlan:
    case kAyiya:
    case kCapwapData:
    case kGeneve:
    case kVxlanLinux: return true;
    default: return false;
  }
}

// Looks at a packet whose headers are decoded and sound; `ip_payload` is what its IP header carries.
Tunnel find_tunnel(Bytes ip_payload, const Headers& headers);

}  // namespace netscope::net
