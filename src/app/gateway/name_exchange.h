// How names that one worker learned from DNS reach the others: a ring for each pair of workers, written by one thread
// and read by one, without a lock.
//
// A client's query and the connection that follows it may go to different queues. The worker that sees the answer
// offers it to the rings before it sends its verdict, so before the client can have the answer; the others empty their
// rings after they have received a burst, and before they judge it. What a client does with an answer therefore always
// finds the name there.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "netscope/flow/learned_names.h"

namespace netscope {

// From one thread to one other. Holds up to `Capacity` items; what goes beyond is refused.
template <class T, std::size_t Capacity>
class PairRing {
 public:
  // The writer's.
  bool offer(T item) {
    const std::uint64_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) == Capacity) return false;
    items_[written % Capacity] = std::move(item);
    written_.store(written + 1, std::memory_order_release);
    return true;
  }
  // The reader's: calls `visit` with each item that is there, in order.
  template <class Visit>
  void take_all(Visit&& visit) {
    std::uint64_t read = read_.load(std::memory_order_relaxed);
    const std::uint64_t written = written_.load(std::memory_order_acquire);
    for (; read != written; read_.store(++read, std::memory_order_release)) {
      visit(std::exchange(items_[read % Capacity], T{}));
    }
  }

 private:
  alignas(64) std::atomic<std::uint64_t> written_ = 0;
  alignas(64) std::atomic<std::uint64_t> read_ = 0;
  std::array<T, Capacity> items_{};
};

// Answers that wait for one worker to take them from one other. A worker looks at least every 200 ms.
inline constexpr std::size_t kWaitingAnswers = 512;

class NameExchange {
 public:
  explicit NameExchange(std::size_t workers) : workers_(workers), rings_(workers * workers) {
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      if (i / workers != i % workers) rings_[i] = std::make_unique<Ring>();
    }
  }

  // From the thread of worker `from`: to all others. What finds a ring full is counted and left.
  void tell(std::size_t from, const NameAnswer& answer) {
    for (std::size_t to = 0; to < workers_; ++to) {
      if (to != from && !ring(from, to).offer(answer)) lost_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  // From the thread of worker `to`: what the others told.
  template <class Visit>
  void take(std::size_t to, Visit&& visit) {
    for (std::size_t from = 0; from < workers_; ++from) {
      if (from != to) ring(from, to).take_all(visit);
    }
  }
  // Answers that some worker was not told of.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  using Ring = PairRing<NameAnswer, kWaitingAnswers>;
  Ring& ring(std::size_t from, std::size_t to) { return *rings_[from * workers_ + to]; }

  std::size_t workers_;
  std::vector<std::unique_ptr<Ring>> rings_;  // by writer, then reader
  std::atomic<std::uint64_t> lost_ = 0;
};

}  // namespace netscope
