#include <vector>

#include "random.h"
#include "traffic.h"

namespace netscope::bench {
namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::array<std::uint8_t, 18> kUdpPayload{'s', 'm', 'a', 'l', 'l'};  // 60 bytes of frame

bool is_tcp(std::uint64_t flow) {
  return flow % 2 == 0;
}

// No two flows below 2^24 share an address: multiplying by an odd number permutes them.
FlowEnds ends_of(std::uint64_t flow) {
  const std::uint64_t mixed = flow * 0x9e3779b1ULL & 0xffffff;
  FlowEnds ends;
  ends.client = {10, static_cast<std::uint8_t>(mixed >> 16), static_cast<std::uint8_t>(mixed >> 8 & 0xff),
                 static_cast<std::uint8_t>(mixed & 0xff)};
  ends.server = {198, 18, static_cast<std::uint8_t>(flow >> 4 & 0xff), static_cast<std::uint8_t>(flow & 0xff)};
  ends.client_port = static_cast<std::uint16_t>(1024 + mixed % 60000);
  ends.server_port = is_tcp(flow) ? 443 : 5060;
  return ends;
}

}  // namespace

void write_small(FrameWriter& out, const TrafficSize& size) {
  Random random(size.seed);
  std::vector<bool> begun(size.flows);
  for (std::uint64_t packet = 0; packet < size.packets; ++packet) {
    const std::uint64_t flow = random.below(size.flows);
    const Sender sender = begun[flow] && random.below(2) == 0 ? Sender::server : Sender::client;
    if (is_tcp(flow)) {
      const auto sequence = static_cast<std::uint32_t>(begun[flow] ? 1001 : 1000);
      out.tcp(packet, ends_of(flow), sender, {.sequence = sequence, .flags = begun[flow] ? kAck : kSyn}, {});
    } else {
      out.udp(packet, ends_of(flow), sender, kUdpPayload);
    }
    begun[flow] = true;
  }
}

void write_new_flows(FrameWriter& out, const TrafficSize& size) {
  for (std::uint64_t flow = 0; flow < size.packets; ++flow) {
    if (is_tcp(flow)) {
      out.tcp(flow, ends_of(flow), Sender::client, {.sequence = 1000, .flags = kSyn}, {});
    } else {
      out.udp(flow, ends_of(flow), Sender::client, kUdpPayload);
    }
  }
}

}  // namespace netscope::bench
