// The kernel's view of its queues: /proc/net/netfilter/nfnetlink_queue.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "linux/os/descriptor.h"
#include "netscope/base/result.h"

namespace netscope::nfq {

// How much of a packet the kernel copies (NFQNL_COPY_* of linux/netfilter/nfnetlink_queue.h).
enum class CopyMode : std::uint8_t { nothing, metadata, packet };

// One line of the file. The kernel's counters have 32 bits and wrap.
struct QueueCounters {
  std::uint16_t number = 0;
  std::uint32_t port = 0;   // netlink port of the socket that holds the queue; often its process id
  std::uint32_t depth = 0;  // packets that wait for a verdict
  CopyMode copy_mode = CopyMode::nothing;
  std::uint32_t copy_range = 0;    // bytes of each packet
  std::uint32_t full_drops = 0;    // packets that found the queue full, and were dropped
  std::uint32_t socket_drops = 0;  // packets that found the socket's receive buffer full, and were dropped
  std::uint32_t last_id = 0;       // of the last packet that was queued
  bool operator==(const QueueCounters&) const = default;
};

// Reads the whole text of the file; empty while nobody holds a queue. Fields that later kernels may append are passed
// over. An error tells the line.
Result<std::vector<QueueCounters>> parse_queue_counters(std::string_view text);

// Keeps the file open: only root may open it, anybody may go on reading.
class QueueCountersFile {
 public:
  // The file of the calling thread's network namespace. Errors: not root, or a kernel without queues.
  static Result<QueueCountersFile> open();
  // All queues of the namespace, those of other processes too, by their numbers.
  Result<std::vector<QueueCounters>> read() const;

 private:
  explicit QueueCountersFile(os::Descriptor file) : file_(std::move(file)) {}

  os::Descriptor file_;
};

}  // namespace netscope::nfq
