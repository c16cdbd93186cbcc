// Where threads meet, between bursts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace netscope {

// The newest of something, from one thread to another. Asking whether there is a newer one is one load.
template <class T>
class Published {
 public:
  void publish(std::shared_ptr<T> value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    generation_.fetch_add(1, std::memory_order_release);
  }
  // Whether something was published since `seen`, which starts at 0.
  bool newer_than(std::uint64_t seen) const { return generation_.load(std::memory_order_acquire) != seen; }
  // The newest, and its generation in `seen`.
  std::shared_ptr<T> take(std::uint64_t& seen) const {
    const std::lock_guard lock(mutex_);
    seen = generation_.load(std::memory_order_relaxed);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<T> value_;
  std::atomic<std::uint64_t> generation_ = 0;
};

}  // namespace netscope
