// The kinds of traffic that the offline benchmark runs over.
#pragma once

#include <cstdint>

#include "frame_writer.h"

namespace netscope::bench {

struct TrafficSize {
  std::uint64_t packets;
  std::uint64_t flows;
  std::uint64_t seed = 1;
  std::uint64_t large = 1;  // of twelve data packets of mixed traffic; 1 is the classic IMIX, 8 the most
};

// What a network of homes looks like; see mixed_traffic.cc.
void write_mixed(FrameWriter& out, const TrafficSize& size);
// The same with every tenth flow real QUIC, whose hellos can be read, four in ten of them over two datagrams.
void write_quic(FrameWriter& out, const TrafficSize& size);
// Those very packets under a version that nobody knows: what they cost when QUIC is not inspected.
void write_unknown_quic(FrameWriter& out, const TrafficSize& size);
// Frames of 60 bytes, each of a flow drawn at random.
void write_small(FrameWriter& out, const TrafficSize& size);
// Frames of 60 bytes, each the first of its flow: what a scan or a flood looks like.
void write_new_flows(FrameWriter& out, const TrafficSize& size);

}  // namespace netscope::bench
