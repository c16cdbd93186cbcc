// Where tunnels over UDP are met.
#pragma once

#include <cstdint>

namespace netscope::net {

// UDP ports of tunnels (IANA; 8472 is what Linux used before VXLAN had a port, and TZSP has one by custom only).
inline constexpr std::uint16_t kL2tp = 1701, kGtpUser = 2152, kTeredo = 3544, kGreInUdp = 4754, kVxlan = 4789,
                               kAyiya = 5072, kCapwapData = 5247, kGeneve = 6081, kVxlanLinux = 8472, kTzsp = 37008;

// Whether a datagram to or from this UDP port may be a tunnel.
constexpr bool is_tunnel_port(std::uint16_t port) {
  switch (port) {
    case kL2tp:
    case kGtpUser:
    case kTeredo:
    case kGreInUdp:
    case kVxlan:
    case kAyiya:
    case kCapwapData:
    case kGeneve:
    case kVxlanLinux:
    case kTzsp: return true;
    default: return false;
  }
}

}  // namespace netscope::net
