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

Packet make_packet(const Headers& headers) {
  Packet packet;
  fill_in(packet, headers, flow_key(headers));
  return packet;
}

}  // namespace netscope
