// When something happened, for counters and events.
#pragma once

#include <cstdint>

#include "core/flow/flow.h"
#include "netscope/base/time.h"
#include "netscope/engine/packet.h"

namespace netscope {

// Of a packet; or, where a flow is judged again or given up between packets, of its last one, under the number of its
// first.
struct Moment {
  Time time;
  std::uint64_t number = 0;
  std::uint32_t size = 0;  // of the packet on the wire

  static Moment of(const Packet& packet) { return {packet.time, packet.number, packet.size_on_wire}; }
  static Moment of(const Flow& flow, const FlowRecord& record) { return {flow.last_seen, record.first_number, 0}; }
};

}  // namespace netscope
