// Numbers that nobody outside can foresee.
#pragma once

#include <cstdint>

namespace netscope::os {

// For tables whose places packets decide. Where the kernel has none (it answers since Linux 3.17), the clock.
std::uint64_t random_seed();

}  // namespace netscope::os
