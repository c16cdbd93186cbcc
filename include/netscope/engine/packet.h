// A packet and its verdict as the core sees them.
#pragma once

#include <cstdint>
#include <vector>

#include "netscope/base/bytes.h"
#include "netscope/base/time.h"
#include "netscope/net/defragmenter.h"
#include "netscope/net/flow_key.h"
#include "netscope/net/headers.h"
#include "netscope/policy/decision.h"

namespace netscope {

// What a packet is to the rules.
enum class PacketKind : std::uint8_t {
  of_flow,    // belongs to the flow of its key
  quoting,    // an ICMP error; the key is that of the flow it speaks of
  fragment,   // a fragment whose flow is not known yet
  given_up,   // a fragment of a datagram whose pieces contradict each other, or that was forgotten at a limit
  malformed,  // broken headers
  cut_off,    // the snap length ended it inside its headers
  not_ip,     // ARP and the like
};

// Which way a packet goes through a gateway: the kernel's indexes of its interfaces. Who is on one side of the gateway
// cannot make a packet look like the other side's.
struct Way {
  std::uint32_t in_interface = 0;   // 0: it is of this machine, or nobody knows, as in a capture
  std::uint32_t out_interface = 0;  // 0: it is for this machine, or nobody knows
};

struct Packet {
  FlowKey key;
  Bytes payload;  // the transport's, as far as captured; dies with its burst
  Time time;
  std::uint64_t number = 0;  // position in its capture, from 1
  const Outer* outer =
      nullptr;  // of a tunnelled packet: rules on addresses hold for it too; owned by who made the packet
  Way way{};
  std::uint32_t size_on_wire = 0;
  std::uint32_t tcp_sequence = 0;
  std::uint32_t tcp_acknowledgment = 0;
  std::uint16_t tcp_urgent = 0;  // as in Headers
  LinkAddress sender{};          // of a packet that is in no tunnel; who made the packet fills it in
  std::uint8_t tcp_flags = 0;
  Direction direction = Direction::low_to_high;
  PacketKind kind = PacketKind::malformed;
  bool cut_off = false;  // the capture holds less of the payload than was on the wire
};

static_assert(sizeof(Packet) <= 112);

inline PacketKind kind_of(const Headers& headers) {
  switch (headers.status) {
    case HeaderStatus::ok: return headers.quoted ? PacketKind::quoting : PacketKind::of_flow;
    case HeaderStatus::not_ip: return PacketKind::not_ip;
    case HeaderStatus::malformed: return PacketKind::malformed;
    case HeaderStatus::cut_off: return PacketKind::cut_off;
  }
  return PacketKind::malformed;
}
// The packet that decoded headers make; `number`, `time`, `size_on_wire`, `sender` and `outer` are the caller's to
// fill.
Packet make_packet(const Headers& headers);
// The same, written into a new packet whose key is known already.
[[gnu::always_inline]] inline void fill_in(Packet& packet, const Headers& headers, const DirectedKey& directed) {
  packet.kind = kind_of(headers);
  if (headers.status != HeaderStatus::ok) return;
  packet.key = directed.key;
  packet.direction = directed.direction;
  packet.payload = headers.payload;
  packet.tcp_sequence = headers.tcp_sequence;
  packet.tcp_acknowledgment = headers.tcp_acknowledgment;
  packet.tcp_urgent = headers.tcp_urgent;
  packet.tcp_flags = headers.tcp_flags;
  packet.cut_off = headers.payload_on_wire > headers.payload.size();
}

// Takes a fragment: what it is to the rules, and in `headers` what of it they judge. The payload of a datagram that is
// complete lies in `datagram`, which must live as long as the packet.
PacketKind reassemble(Defragmenter& defragmenter, Headers& headers, Time now, std::vector<std::uint8_t>& datagram);

// The answer for one packet.
struct Verdict {
  Action action = Action::accept;
  bool for_flow = false;  // holds for the rest of the flow as well: the kernel may take over
  // It opens a connection: what the kernel may have kept of an earlier one on the same ports does not hold.
  bool anew = false;
  // It is on its way to a client that has not heard of the reject yet, and would not by this packet: resets answer the
  // sender. Let through, it makes the client speak, and be answered.
  bool client_would_not_hear = false;
};

}  // namespace netscope
