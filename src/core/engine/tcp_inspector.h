// Private to this layer: from TCP segments to sightings. Who speaks, where its bytes begin, and every way in which they
// may be heard.
#pragma once

#include <cstdint>

#include "core/engine/flow_judge.h"
#include "core/engine/inspection_pool.h"
#include "core/inspect/stream_reader.h"

namespace netscope {

// Whether a segment may be heard. One that can be read in more ways than can be judged must not.
enum class Segment : std::uint8_t { pass, withhold };

class TcpInspector {
 public:
  // Both outlive it.
  TcpInspector(FlowJudge& judge, InspectionPool& pool) : judge_(judge), pool_(pool) {}

  Segment inspect(Flow& flow, const Packet& packet);

 private:
  void follow_handshake(Flow& flow, const Packet& packet);
  void begin_stream(Flow& flow, Direction direction, std::uint32_t sequence);
  void follow_acknowledgment(Flow& flow, const Packet& packet);
  void take_as_heard(Flow& flow, const Packet& packet);
  Segment read_segment(Flow& flow, const Packet& packet);
  Segment read_otherwise(Flow& flow, const Packet& packet, bool in_order);
  void read_telling(Flow& flow, const Packet& packet, Reading& reading, Bytes told);
  // Whether it shows anything.
  bool read_as(StreamMode mode, Flow& flow, const Packet& packet, Reading& reading, Bytes told);

  FlowJudge& judge_;
  InspectionPool& pool_;
  StreamReader reader_;
};

}  // namespace netscope
