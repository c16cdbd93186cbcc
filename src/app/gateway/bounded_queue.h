// Where many threads hand work to one, and never wait for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace netscope {

// Holds items up to a total weight; what would go beyond is refused, so that who offers is never held up.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) {}

  // False: there is no room, or the queue is closed; the item is gone.
  bool offer(T item, std::size_t weight) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || weight > limit_ - weight_) return false;
      weight_ += weight;
      items_.emplace_back(std::move(item), weight);
    }
    there_is_something_.notify_one();
    return true;
  }

  // Waits for the next item. Nothing: the queue is closed and empty, or `wake` was called.
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    there_is_something_.wait(lock, [this] { return woken_ || closed_ || !items_.empty(); });
    woken_ = false;
    if (items_.empty()) return std::nullopt;
    auto [item, weight] = std::move(items_.front());
    items_.pop_front();
    weight_ -= weight;
    return std::move(item);
  }

  // Lets a waiting take() return although there is nothing.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    there_is_something_.notify_one();
  }

  // Nothing comes any more; what is there can still be taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    there_is_something_.notify_all();
  }

  bool closed_and_empty() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable there_is_something_;
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t weight_ = 0;
  bool closed_ = false, woken_ = false;
};

}  // namespace netscope
