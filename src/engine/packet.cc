#include "netscope/engine/packet.h"

namespace netscope {
PacketKind kind_of(const Headers& headers) {
  switch (headers.status) {
    case HeaderStatus::ok: return headers.quoted ? PacketKind::quoting : PacketKind::of_flow;
    case HeaderStatus::not_ip: return PacketKind::not_ip;
    case HeaderStatus::malformed: return PacketKind::malformed;
    case HeaderStatus::cut_off: return PacketKind::cut_off;
  }
  return PacketKind::malformed;
}

void fill_in(Packet& packet, const Headers& headers, const DirectedKey& directed) {
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

Packet make_packet(const Headers& headers) {
  Packet packet;
  fill_in(packet, headers, flow_key(headers));
  return packet;
}

}  // namespace netscope
