// Private to this layer: from datagrams to sightings. DNS, QUIC, DTLS, and what opens otherwise.
#pragma once

#include <cstdint>
#include <memory>

#include "core/dpi/dns.h"
#include "core/engine/flow_judge.h"
#include "core/engine/inspection_pool.h"
#include "core/inspect/connection_ids.h"
#include "core/inspect/quic_reader.h"

namespace netscope {

class DatagramInspector {
 public:
  // `judge` and `pool` outlive it. `seed`: see ConnectionIds.
  DatagramInspector(FlowJudge& judge, InspectionPool& pool, std::uint64_t seed);

  void inspect(Flow& flow, const Packet& packet);
  // Whether a datagram opens another connection of QUIC on the ports of a flow of which all was learned. A blocked flow
  // stays what it is: of its hello a part may have reached the server.
  bool opens_another(const Flow& flow, const Packet& packet);

 private:
  // Whether a protocol takes the datagram for its own. If so, no other is tried.
  enum class Claim : std::uint8_t { mine, not_mine };
  Claim try_quic(Flow& flow, const Packet& packet);
  Claim try_moved_quic(Flow& flow, const Packet& packet);
  Claim try_dtls(Flow& flow, const Packet& packet);
  Claim try_dns(Flow& flow, const Packet& packet);
  void try_opening(Flow& flow, const Packet& packet, Standing before);

  FlowJudge& judge_;
  InspectionPool& pool_;
  QuicReader quic_reader_;
  std::unique_ptr<dns::Message> message_;  // room for the parser
  ConnectionIds connection_ids_;
};

}  // namespace netscope
