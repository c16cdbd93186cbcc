// Private to this layer: which connection a TCP packet belongs to, where one follows another on the same ports.
//
// Ports are used again: by NAT, by a client in a hurry (tcp_tw_reuse), by one that chooses its own. What was found of a
// connection must not be inherited by the next, and what opens the next may be a lie: a client can send a SYN, a FIN or
// a RST that dies before the server. So the server is asked. What it acknowledges begins; what it ends has ended.
#pragma once

#include <cstdint>

#include "core/flow/flow.h"
#include "netscope/engine/packet.h"

namespace netscope {

inline bool is_syn(const Packet& packet) {
  return (packet.tcp_flags & tcp_flag::syn) != 0;
}
inline bool acknowledges(const Packet& packet) {
  return (packet.tcp_flags & tcp_flag::ack) != 0;
}

// What a packet with SYN is to the flow of its ports.
enum class SynRole : std::uint8_t {
  this_connection,  // it opens it, or says once more what opened it
  wish,             // somebody wants another; while the other side has not answered, this one goes on
  another,          // it begins another: the flow has ended
};
SynRole role_of(const Flow& flow, const Packet& syn);

// Whether a SYN comes from the server of a flow that its client had opened, and in which nothing was said: both open at
// once (RFC 9293, section 3.5).
bool opens_as_well(const Flow& flow, const Packet& syn);

// Whether the server ended it, by a reset or by a FIN that the client answered. What only the client says of an end,
// the server may never have heard.
bool ended_by_server(const Flow& flow);

// Whether a reset is one that ends a connection. A server in the middle of a handshake answers a wrong acknowledgment
// with a reset, and waits for the right one (RFC 9293, section 3.10.7.4): its number is the client's choice then, and
// not that of the server's next byte.
bool reset_counts(const Flow& flow, const Packet& reset);

}  // namespace netscope
