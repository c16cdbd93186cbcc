// What had to be forgotten at a limit and must not come back as a stranger: flows of which a beginning was held that
// nobody has judged, datagrams of which pieces have passed.
//
// A filter of bits (Bloom, 1970): it forgets none before its time, takes the same memory however many there are, and
// errs the safe way: the more it holds, the more strangers it takes for one of them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "netscope/base/time.h"

namespace netscope {

class RecentlyLost {
 public:
  // What is lost is known for `memory` at least, and for twice that at most.
  explicit RecentlyLost(Duration memory) : memory_(memory) {}

  // `hash`: of its key, seeded where peers are hostile.
  void add(std::uint32_t hash, Time now);
  bool contains(std::uint32_t hash, Time now);

 private:
  // A million bits: of strangers, one in a hundred is taken for lost where 50,000 are.
  static constexpr std::uint32_t kWords = 1u << 14;
  using Bits = std::vector<std::uint64_t>;  // empty until something is lost

  void turn(Time now);
  static bool holds(const Bits& bits, std::uint32_t hash);

  Duration memory_;
  Time begun_{};  // of `now_`
  Bits now_, before_;
};

}  // namespace netscope
