#include "netscope/base/recently_lost.h"

#include <utility>

namespace netscope {
namespace {

// Two bits for each hash. The second is a multiple by an odd number (Knuth, TAOCP 6.4), of which the upper half counts.
constexpr std::uint32_t kOdd = 0x9e3779b1;
constexpr std::uint32_t kBits = 20;

std::array<std::uint32_t, 2> bits_of(std::uint32_t hash) {
  return {hash >> (32 - kBits), (hash * kOdd) >> (32 - kBits)};
}

}  // namespace

void RecentlyLost::turn(Time now) {
  if (now - begun_ < memory_) return;
  before_ = now - begun_ < 2 * memory_ ? std::exchange(now_, Bits()) : Bits();
  now_ = Bits();
  begun_ = now;
}

void RecentlyLost::add(std::uint32_t hash, Time now) {
  turn(now);
  if (now_.empty()) now_.resize(kWords);
  for (const std::uint32_t bit : bits_of(hash)) now_[bit / 64] |= std::uint64_t{1} << bit % 64;
}

bool RecentlyLost::contains(std::uint32_t hash, Time now) {
  if (now_.empty() && before_.empty()) return false;
  turn(now);
  return holds(now_, hash) || holds(before_, hash);
}

bool RecentlyLost::holds(const Bits& bits, std::uint32_t hash) {
  if (bits.empty()) return false;
  for (const std::uint32_t bit : bits_of(hash)) {
    if ((bits[bit / 64] >> bit % 64 & 1) == 0) return false;
  }
  return true;
}

}  // namespace netscope
