#include "linux/os/clocks.h"

#include <chrono>
#include <ctime>

namespace netscope::os {
namespace {

Duration clock_time(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

SteadyWallClock::SteadyWallClock() : offset_(clock_time(CLOCK_REALTIME) - clock_time(CLOCK_MONOTONIC)) {}

Time SteadyWallClock::now() const {
  return Time{clock_time(CLOCK_MONOTONIC) + offset_};
}

Duration SteadyWallClock::correction() const {
  return clock_time(CLOCK_REALTIME) - clock_time(CLOCK_MONOTONIC) - offset_;
}

}  // namespace netscope::os
