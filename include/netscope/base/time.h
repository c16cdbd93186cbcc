// Time is an argument. The core never asks a clock; it is told.
#pragma once

#include <chrono>
#include <cstdint>

namespace netscope {

using Duration = std::chrono::nanoseconds;

// A moment in nanoseconds since 1970 (UTC): 1677 to 2262. What a capture claims beyond that is clamped by its reader.
using Time = std::chrono::sys_time<Duration>;

}  // namespace netscope
