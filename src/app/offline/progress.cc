#include "app/offline/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace netscope {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kBarWidth = 30;

}  // namespace

Progress::Progress(std::uint64_t total)
    : total_(total),
      terminal_(::isatty(STDERR_FILENO) != 0),
      begin_(std::chrono::steady_clock::now()),
      next_(begin_ + kInterval) {}

void Progress::show(std::uint64_t bytes, std::uint64_t packets) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double rate = static_cast<double>(packets) / std::max(seconds, 1e-3);
  if (total_ == 0) {
    std::fprintf(stderr, "\r%.1f M packets  %.2f M packets/s\033[K", static_cast<double>(packets) / 1e6, rate / 1e6);
  } else {
    const double share = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total_));
    const auto full = static_cast<std::size_t>(share * kBarWidth);
    const std::string bar = std::string(full, '#') + std::string(kBarWidth - full, '.');
    std::fprintf(stderr, "\r[%s] %3.0f %%  %.2f M packets/s\033[K", bar.c_str(), share * 100, rate / 1e6);
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

}  // namespace netscope
