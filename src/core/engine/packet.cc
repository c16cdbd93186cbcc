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

PacketKind reassemble(Defragmenter& defragmenter, Headers& headers, Time now, std::vector<std::uint8_t>& datagram) {
  switch (defragmenter.add(headers, now, datagram)) {
    case Defragmenter::Outcome::pending: return PacketKind::fragment;
    case Defragmenter::Outcome::of_flow: return PacketKind::of_flow;
    case Defragmenter::Outcome::complete:
      return headers.status == HeaderStatus::ok ? PacketKind::of_flow : PacketKind::malformed;
    case Defragmenter::Outcome::overlapping:
    case Defragmenter::Outcome::forgotten: return PacketKind::given_up;
    case Defragmenter::Outcome::too_large: break;
  }
  return PacketKind::malformed;
}

Packet make_packet(const Headers& headers) {
  Packet packet;
  fill_in(packet, headers, flow_key(headers));
  return packet;
}

}  // namespace netscope
