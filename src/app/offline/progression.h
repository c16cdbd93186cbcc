// Where the three stages of a run meet: one lock, taken a few times a chunk.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace netscope {

// Chunks under way at once.
inline constexpr std::size_t kChunks = 4;

// How far each stage has come, in chunks. A stage waits for the one before it; the reader waits for the writer, whose
// chunk it takes again.
class Progression {
 public:
  explicit Progression(std::size_t workers) : judged_(workers, 0) {}

  // True when the stage may take the chunk; false when it will never come.
  bool wait_to_read(std::uint64_t chunk) {
    return wait(was_written_, [&] { return chunk < written_ + kChunks; }, [] { return false; });
  }
  bool wait_to_judge(std::uint64_t chunk) {
    return wait(was_read_, [&] { return chunk < read_; }, [&] { return ended_; });
  }
  bool wait_to_write(std::uint64_t chunk) {
    return wait(was_judged_, [&] { return chunk < judged_by_all(); }, [&] { return ended_ && chunk >= read_; });
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
  void has_written() {
    {
      const std::lock_guard lock(mutex_);
      ++written_;
    }
    was_written_.notify_one();
  }
  // No further chunk will be read.
  void end_of_input() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_all();
  }
  // The writer cannot go on: nobody else needs to.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    wake_all();
  }

 private:
  template <class Condition, class Never>
  bool wait(std::condition_variable& changed, Condition condition, Never never) {
    std::unique_lock lock(mutex_);
    changed.wait(lock, [&] { return stopped_ || condition() || never(); });
    return !stopped_ && condition();
  }
  std::uint64_t judged_by_all() const { return *std::min_element(judged_.begin(), judged_.end()); }
  void wake_all() {
    for (std::condition_variable* changed : {&was_read_, &was_judged_, &was_written_}) changed->notify_all();
  }

  std::mutex mutex_;
  std::condition_variable was_read_, was_judged_, was_written_;
  std::uint64_t read_ = 0, written_ = 0;
  std::vector<std::uint64_t> judged_;
  bool ended_ = false, stopped_ = false;
};

}  // namespace netscope
