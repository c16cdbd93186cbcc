// Time is an argument. The core never asks a clock; it is told.
#pragma once

#include <chrono>
#include <cstdint>

namespace netscope {

using Duration = std::chrono::nanoseconds;
inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// A moment in nanoseconds since 1970 (UTC). What a capture claims beyond 1824 to 2116 is clamped by its reader, so that
// the difference of any two moments is a Duration too.
using Time = std::chrono::sys_time<Duration>;

}  // namespace netscope
