#pragma once

#include <chrono>

#include "netscope/base/time.h"

namespace netscope {

// What the clock on the wall shows now.
inline Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace netscope
