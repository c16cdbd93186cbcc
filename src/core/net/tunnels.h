// Tunnels: what a packet carries inside when it carries a packet.
#pragma once

#include "core/net/link_layers.h"
#include "core/net/tunnel_ports.h"
#include "netscope/base/bytes.h"
#include "netscope/net/headers.h"

namespace netscope::net {

struct Tunnel {
  Next next = Next::none;  // how `inside` begins; none: the packet is no tunnel that we know
  Bytes inside;
};

// Looks at a packet whose headers are decoded and sound; `ip_payload` is what its IP header carries.
Tunnel find_tunnel(Bytes ip_payload, const Headers& headers);

}  // namespace netscope::net
