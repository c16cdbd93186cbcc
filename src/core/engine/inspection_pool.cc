#include "core/engine/inspection_pool.h"

#include <bit>
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
  Inspection& begun = *flow.inspection;
  begun.flow = &flow;
  begun.share = share_of(flow);
  begun.newer = nullptr;
  begun.older = std::exchange(shares_[begun.share].newest, &begun);
  if (begun.older != nullptr) begun.older->newer = &begun;
  for (const std::size_t direction : {0u, 1u}) {
    const std::uint32_t start = flow.start_sequence[direction];
    if (start == 0) continue;
    begun.streams[direction].prefix.start(start);
    Readings& said = begun.readings[direction];
    if (flow.start_confirmed) said.begin(start);
    if (!flow.start_confirmed) said.guess(start);
  }
  return begun;
}

void InspectionPool::take_back(Flow& flow) {
  if (flow.facts == Facts::open) flow.facts = Facts::cut_short;
  if (flow.inspection == nullptr) return;
  Inspection& ended = *flow.inspection;
  change(ended.share, shares_[ended.share].bytes - ended.counted_bytes);
  (ended.newer == nullptr ? shares_[ended.share].newest : ended.newer->older) = ended.older;
  if (ended.older != nullptr) ended.older->newer = ended.newer;
  if (spare_.size() < kSpareInspections) {
    flow.inspection->clear();
    spare_.push_back(std::move(flow.inspection));
  }
  flow.inspection.reset();
}

void InspectionPool::recount(Inspection& inspection) {
  const std::size_t size = inspection.memory_bytes();
  if (size == inspection.counted_bytes) return;
  change(inspection.share, shares_[inspection.share].bytes + size - std::exchange(inspection.counted_bytes, size));
}

Flow* InspectionPool::next_to_give_up() {
  if (shares_[grown_].bytes > limit_ / kSharesOfMemory) return shares_[grown_].newest->flow;
  return bytes_ > limit_ ? shares_[heaviest()].newest->flow : nullptr;
}

std::size_t InspectionPool::weight_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::bit_width(bytes)) - 1;
}

std::uint32_t InspectionPool::share_of(const Flow& flow) const {
  const IpAddress client = flow.key.source(flow.client).address;
  const auto half = std::bit_cast<std::array<std::uint64_t, 2>>(client.bytes);
  return hash(FlowKey::Words{half[0], half[1]}, seed_) % kShares;
}

void InspectionPool::change(std::uint32_t share, std::size_t bytes) {
  Share& changed = shares_[share];
  bytes_ += bytes - changed.bytes;
  const bool stays = changed.bytes != 0 && bytes != 0 && weight_of(changed.bytes) == weight_of(bytes);
  if (!stays && changed.bytes != 0) unlist(share);
  changed.bytes = bytes;
  if (!stays && bytes != 0) list(share);
  grown_ = share;
}

void InspectionPool::list(std::uint32_t share) {
  std::uint32_t& first = by_weight_[weight_of(shares_[share].bytes)];
  shares_[share].previous = kNone;
  shares_[share].next = std::exchange(first, share);
  if (shares_[share].next != kNone) shares_[shares_[share].next].previous = share;
}

void InspectionPool::unlist(std::uint32_t share) {
  const Share& gone = shares_[share];
  (gone.previous == kNone ? by_weight_[weight_of(gone.bytes)] : shares_[gone.previous].next) = gone.next;
  if (gone.next != kNone) shares_[gone.next].previous = gone.previous;
}

// One of those that hold the most, to the power of two. There is one while anything is held.
std::uint32_t InspectionPool::heaviest() const {
  std::size_t weight = kWeights - 1;
  while (by_weight_[weight] == kNone) --weight;
  return by_weight_[weight];
}

}  // namespace netscope
