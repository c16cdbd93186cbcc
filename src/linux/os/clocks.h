// The system's clocks, as times of the core.
#pragma once

#include "netscope/base/time.h"

namespace netscope::os {

// What the clock on the wall shows now.
Time wall_clock();

// Nanoseconds since 1970 that never step: the wall clock of when this was made, carried on by the monotonic one. Flows
// must not expire because somebody sets the clock.
class SteadyWallClock {
 public:
  SteadyWallClock();
  Time now() const;
  // What has to be added to now() to tell the time that the wall clock shows.
  Duration correction() const;

 private:
  Duration offset_;
};

}  // namespace netscope::os
