#include <cstdlib>

#include "linux/nfq/message.h"
#include "linux/nfq/queue_counters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  nfq::QueuedPacket packet;
  nfq::Reply reply;
  static_cast<void>(nfq::parse_message({data, size}, 7, packet, reply));
  if (!packet.data.empty() && (packet.data.data() < data || packet.data.data() + packet.data.size() > data + size)) {
    std::abort();
  }
  if (packet.size_on_wire < packet.data.size() || packet.sender.size > 8 || reply.error < 0) std::abort();
  static_cast<void>(nfq::parse_queue_counters(as_text({data, size})));
  return 0;
}
