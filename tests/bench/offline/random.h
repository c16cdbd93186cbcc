// Chance that is the same on every machine: the standard's distributions differ between libraries, so none is used.
#pragma once

#include <cstdint>

namespace netscope::bench {

// xoshiro's little sister splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  // In [0, bound); the bias is below anything that a benchmark could see.
  std::uint64_t below(std::uint64_t bound) { return (next() >> 32) * bound >> 32; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace netscope::bench
