// Private to this layer: what flows need while they are inspected, used again from flow to flow, and how much memory it
// holds. Memory is shared between the clients: who holds more than a share, or the most when all is used, gives up
// his own newest flow, so that nobody pushes another's beginning out of memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/flow/flow.h"

namespace netscope {

// What one client may hold of the memory for inspection: this part of it.
inline constexpr std::size_t kSharesOfMemory = 4;

class InspectionPool {
 public:
  // `limit`: bytes beyond which somebody has to be given up. `seed`: of the hash by which clients find their share;
  // random where peers are hostile.
  InspectionPool(std::size_t limit, std::uint64_t seed) : limit_(limit), seed_(seed), shares_(kShares) {}

  // The flow's inspection, which begins where there is none. The flow must not move until it ends.
  Inspection& begin(Flow& flow);
  // Ends it. Facts that were open are cut short.
  void take_back(Flow& flow);
  // To be told when one may have grown.
  void recount(Inspection& inspection);

  std::size_t bytes() const { return bytes_; }
  // Whom to give up, or null while there is room. To be asked again after it was taken back.
  Flow* next_to_give_up();

 private:
  // Clients are hashed to shares; a client in 4,096 shares another's fate (as stochastic fairness queueing has it).
  static constexpr std::size_t kShares = 4096;
  static constexpr std::uint32_t kNone = 0xffffffff;
  // Shares that hold as many bytes, to the power of two.
  static constexpr std::size_t kWeights = 64;

  struct Share {
    std::size_t bytes = 0;
    Inspection* newest = nullptr;
    std::uint32_t next = kNone, previous = kNone;  // of the same weight
  };

  static std::size_t weight_of(std::size_t bytes);
  std::uint32_t share_of(const Flow& flow) const;
  void change(std::uint32_t share, std::size_t bytes);
  void list(std::uint32_t share);
  void unlist(std::uint32_t share);
  std::uint32_t heaviest() const;

  std::size_t limit_;
  std::uint64_t seed_;
  std::size_t bytes_ = 0;
  std::vector<Share> shares_;
  std::array<std::uint32_t, kWeights> by_weight_ = [] {
    std::array<std::uint32_t, kWeights> none{};
    none.fill(kNone);
    return none;
  }();
  std::uint32_t grown_ = 0;                         // the share that changed last
  std::vector<std::unique_ptr<Inspection>> spare_;  // empty ones, for the next flow
};

}  // namespace netscope
