#include "core/engine/inspection_pool.h"

#include <utility>

namespace netscope {
namespace {

// Inspections that are kept for reuse.
constexpr std::size_t kSpareInspections = 1024;

}  // namespace

Inspection& InspectionPool::begin(Flow& flow) {
  if (flow.inspection != nullptr) return *flow.inspection;
  if (spare_.empty()) {
    flow.inspection = std::make_unique<Inspection>();
  } else {
    flow.inspection = std::move(spare_.back());
    spare_.pop_back();
  }
  for (const std::size_t direction : {0u, 1u}) {
    const std::uint32_t start = flow.start_sequence[direction];
    if (start == 0) continue;
    flow.inspection->streams[direction].prefix.start(start);
    Readings& said = flow.inspection->readings[direction];
    if (flow.start_confirmed) said.begin(start);
    if (!flow.start_confirmed) said.guess(start);
  }
  return *flow.inspection;
}

void InspectionPool::take_back(Flow& flow) {
  if (flow.facts == Facts::open) flow.facts = Facts::cut_short;
  if (flow.inspection == nullptr) return;
  bytes_ -= flow.inspection->counted_bytes;
  if (spare_.size() < kSpareInspections) {
    flow.inspection->clear();
    spare_.push_back(std::move(flow.inspection));
  }
  flow.inspection.reset();
}

void InspectionPool::recount(Inspection& inspection) {
  const std::size_t size = inspection.memory_bytes();
  bytes_ += size - std::exchange(inspection.counted_bytes, size);
}

}  // namespace netscope
