// Private to this layer: what flows need while they are inspected, used again from flow to flow, and how much memory it
// holds.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/flow/flow.h"

namespace netscope {

class InspectionPool {
 public:
  // `limit`: bytes beyond which somebody has to be given up.
  explicit InspectionPool(std::size_t limit) : limit_(limit) {}

  // The flow's inspection, which begins where there is none.
  Inspection& begin(Flow& flow);
  // Ends it. Facts that were open are cut short.
  void take_back(Flow& flow);
  // To be told when one may have grown.
  void recount(Inspection& inspection);

  std::size_t bytes() const { return bytes_; }
  bool over_limit() const { return bytes_ > limit_; }

 private:
  std::size_t limit_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<Inspection>> spare_;  // empty ones, for the next flow
};

}  // namespace netscope
