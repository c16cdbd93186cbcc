// The progress bar on a terminal's standard error; silent elsewhere.
#pragma once

#include <chrono>
#include <cstdint>

namespace netscope {

class Progress {
 public:
  // `total` in bytes; 0 where it is not known.
  explicit Progress(std::uint64_t total);
  // Draws at most ten times a second.
  void show(std::uint64_t bytes, std::uint64_t packets);
  void clear();

 private:
  std::uint64_t total_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_, next_;
};

}  // namespace netscope
