#include "netscope/engine/packet.h"

namespace netscope {

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
