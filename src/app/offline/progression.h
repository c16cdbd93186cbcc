// Where the threads of a run meet: one lock, taken a few times a chunk.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace netscope {

// Chunks under way at once.
inline constexpr std::size_t kChunks = 3;

// How far reading and judging have come, in chunks. Who judges waits for who reads; who writes waits for all who judge.
class Progression {
 public:
  explicit Progression(std::size_t workers) : judged_(workers, 0) {}

  // True when the chunk may be judged; false when nobody wants it.
  bool wait_to_judge(std::uint64_t chunk) {
    std::unique_lock lock(mutex_);
    was_read_.wait(lock, [&] { return chunk < read_ || ended_; });
    return !ended_;
  }
  // Of a chunk that was read.
  void wait_to_write(std::uint64_t chunk) {
    std::unique_lock lock(mutex_);
    was_judged_.wait(lock, [&] { return chunk < judged_by_all(); });
  }
  // Who is woken finds the lock free.
  void has_read() {
    {
      const std::lock_guard lock(mutex_);
      ++read_;
    }
    was_read_.notify_all();
  }
  void has_judged(std::size_t worker) {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      const std::uint64_t before = judged_by_all();
      ++judged_[worker];
      last = judged_by_all() > before;
    }
    if (last) was_judged_.notify_one();
  }
  // All is written, or nothing more can be: nobody needs to judge.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    was_read_.notify_all();
  }

 private:
  std::uint64_t judged_by_all() const { return *std::min_element(judged_.begin(), judged_.end()); }

  std::mutex mutex_;
  std::condition_variable was_read_, was_judged_;
  std::uint64_t read_ = 0;
  std::vector<std::uint64_t> judged_;
  bool ended_ = false;
};

}  // namespace netscope
