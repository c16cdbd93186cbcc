// The kernel's side of a live run; all zero over a capture.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "netscope/engine/statistics.h"

namespace netscope {

// How long verdicts took, in buckets of which each is a fifth wider than the one before, so that a quantile is right to
// that degree.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds latency, std::uint64_t packets) {
    const auto ns = static_cast<std::uint64_t>(latency.count() < 0 ? 0 : latency.count());
    buckets_[bucket_of(ns)] += packets;
    max_ = ns > max_ ? ns : max_;
    sum_ += ns * packets;
  }
  LatencyHistogram& operator+=(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    max_ = max_ > other.max_ ? max_ : other.max_;
    sum_ += other.sum_;
    return *this;
  }
  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t packets : buckets_) all += packets;
    return all;
  }
  // The upper end of the bucket that holds the quantile `q` of 0 to 1, and at most max().
  std::chrono::nanoseconds quantile(double q) const;
  // Packets whose bucket ends at or before `limit`.
  std::uint64_t count_up_to(std::chrono::nanoseconds limit) const;
  // The buckets that hold something, the shortest first.
  struct Bucket {
    std::uint64_t end_ns = 0;
    std::uint64_t packets = 0;
  };
  std::vector<Bucket> buckets() const;
  // Puts packets back into the bucket that ends there.
  void add(const Bucket& bucket) {
    buckets_[bucket_of(bucket.end_ns)] += bucket.packets;
    sum_ += bucket.end_ns * bucket.packets;
  }
  void at_most(std::chrono::nanoseconds max) { max_ = static_cast<std::uint64_t>(max.count()); }
  std::uint64_t sum() const { return sum_; }  // ns, over all packets
  std::chrono::nanoseconds max() const { return std::chrono::nanoseconds(max_); }

 private:
  // Four buckets to each power of two.
  static constexpr std::size_t kPerDoubling = 4, kBuckets = 64 * kPerDoubling;
  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < kPerDoubling) return static_cast<std::size_t>(ns);
    const auto width =
        static_cast<std::size_t>(std::bit_width(ns)) - 3;  // the two bits behind the leading one tell the bucket
    return (width + 1) * kPerDoubling + ((ns >> width) & (kPerDoubling - 1));
  }
  static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t max_ = 0;  // ns
  std::uint64_t sum_ = 0;  // ns
};

// One queue as the kernel counts it.
struct QueueView {
  std::uint16_t number = 0;
  std::uint64_t depth = 0;          // packets that wait now
  std::uint64_t queue_dropped = 0;  // the queue was full
  std::uint64_t user_dropped = 0;   // the socket's buffer was full
};

struct KernelView {
  std::vector<QueueView> queues;
  // Packets of judged flows, which never reached a queue.
  Counter passed, dropped, rejected;
  std::uint64_t unjudged = 0;        // packets that passed because a queue could not take them: an estimate
  std::uint64_t not_stopped = 0;     // packets told as blocked that the rules behind the queues did not see: at least
  std::uint64_t events_dropped = 0;  // events that the program could not write
  std::uint64_t names_dropped = 0;   // answers of DNS that some worker was not told of
  LatencyHistogram latency;          // from a burst's arrival in the program to its verdicts
};

}  // namespace netscope
