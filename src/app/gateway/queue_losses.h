// What the queues could not take: packets that nobody judged.
//
// With overload "drop" the kernel counts them. With "accept" it counts none of them, so they are told by what is
// missing:
// - A full queue gives a packet no id. What the rules sent to the queues and has none passed.
// - A full socket costs a packet its id. What the program never saw of the ids passed (nfq::SocketCounters::missed).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "linux/nfq/queue_counters.h"

namespace netscope {

class QueueLosses {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // How long a trouble is told after the last packet that was lost.
  static constexpr std::chrono::seconds kRemembered{60};

  // What the rules sent to the queues since they were installed, and how often that was: a new table counts from zero.
  struct Sent {
    std::uint64_t packets = 0;
    unsigned table = 0;
  };
  // What was read at `now`: `sent`, where it was, before `queues`. What came in between makes the estimate too small,
  // for as long as it comes, and never too large. `missed`: of all queues, while they fail open; else 0.
  struct Reading {
    std::span<const nfq::QueueCounters> queues{};
    std::optional<Sent> sent{};
    std::uint64_t missed = 0;
    std::uint32_t max_length = 0;  // packets that a queue holds; at that depth it is full
  };
  void see(const Reading& reading, Time now);

  // Since the start: an estimate, and exactly.
  std::uint64_t passed() const { return past_queues_ + past_sockets_; }
  std::uint64_t dropped() const { return dropped_; }
  // For a person, while packets are lost and a while after; it counts from the beginning of the trouble on.
  std::optional<std::string> trouble() const;

 private:
  void count(std::span<const nfq::QueueCounters> queues);
  void estimate(const Sent& sent, std::uint64_t known_before);

  std::map<std::uint16_t, nfq::QueueCounters> last_;  // of each queue: the kernel's counters wrap, ours do not
  std::uint64_t taken_ = 0, full_drops_ = 0, dropped_ = 0;
  std::uint64_t past_queues_ = 0, past_sockets_ = 0;
  unsigned table_ = 0;
  std::int64_t offset_ = 0;  // of what this table sent to what the queues took since the start

  struct Trouble {
    std::uint64_t passed_before = 0, dropped_before = 0;
    Time last{};
  };
  std::optional<Trouble> trouble_;
};

}  // namespace netscope
