#include "core/flow/table.h"

#include <algorithm>
#include <bit>

namespace netscope {
namespace {

bool is_tcp(const Flow& flow) {
  return flow.key.ip_protocol == ip_protocol::tcp;
}

// Flows at a list's head that may prove alive before one is taken anyway: bounds the cost of an eviction.
constexpr int kSecondChances = 16;

}  // namespace

FlowTable::FlowTable(std::uint32_t capacity, std::uint64_t seed, const IdleTimeouts& timeouts)
    : capacity_(std::max(capacity, 1u)), seed_(seed), timeouts_(timeouts) {
  flows_.reserve(capacity_);
  records_.reserve(capacity_);
  index_.resize(std::bit_ceil(std::size_t{capacity_} * 2));
  mask_ = static_cast<std::uint32_t>(index_.size() - 1);
}

Flow& FlowTable::create(const FlowKey& key, std::uint32_t hash, Time now) {
  if (flows_.empty()) epoch_ = now;
  std::uint32_t position = first_free_;
  if (position != kNone) {
    first_free_ = flows_[position].newer;
    if (first_free_ != kNone) prefetch_place(first_free_);  // the next new flow's
    flows_[position] = Flow{};
    records_[position] = FlowRecord{};
  } else {
    position = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
    records_.emplace_back();
  }
  std::uint32_t i = hash & mask_;
  while (index_[i].position_plus_one != 0) i = (i + 1) & mask_;
  index_[i] = {hash, position + 1};
  ++size_;
  Flow& flow = flows_[position];
  flow.key = key;
  flow.last_seen = records_[position].first_seen = now;
  append(flow, is_tcp(flow) ? FlowList::opening_tcp : FlowList::pending_brief, now);
  return flow;
}

std::uint32_t FlowTable::slot_of(const Flow& flow) const {
  const std::uint32_t position_plus_one = place_of(flow) + 1;
  std::uint32_t i = hash_of(flow.key) & mask_;
  while (index_[i].position_plus_one != position_plus_one) i = (i + 1) & mask_;
  return i;
}

void FlowTable::remove(Flow& flow) {
  // Linear probing without tombstones: what was pushed on by the removed slot moves back (Knuth, TAOCP 6.4, algorithm
  // R).
  std::uint32_t hole = slot_of(flow);
  for (std::uint32_t i = (hole + 1) & mask_; index_[i].position_plus_one != 0; i = (i + 1) & mask_) {
    const std::uint32_t home = index_[i].hash & mask_;
    if (((i - home) & mask_) >= ((i - hole) & mask_)) {
      index_[hole] = index_[i];
      hole = i;
    }
  }
  index_[hole] = {};
  unlink(flow);
  flow.inspection.reset();
  flow.shown.reset();
  flow.list = FlowList::free;
  flow.newer = first_free_;
  first_free_ = place_of(flow);
  --size_;
}

void FlowTable::clear() {
  flows_.clear();
  records_.clear();
  std::ranges::fill(index_, Slot{});
  lists_ = {};
  first_free_ = kNone;
  size_ = 0;
  looked_at_ = kNever;
}

void FlowTable::unlink(Flow& flow) {
  List& ends = lists_[static_cast<std::size_t>(flow.list)];
  (flow.older == kNone ? ends.oldest : flows_[flow.older].newer) = flow.newer;
  (flow.newer == kNone ? ends.newest : flows_[flow.newer].older) = flow.older;
}

void FlowTable::append(Flow& flow, FlowList list, Time now) {
  List& ends = lists_[static_cast<std::size_t>(list)];
  const std::uint32_t position = place_of(flow);
  flow.list = list;
  flow.listed_second = to_second(now);
  flow.newer = kNone;
  flow.older = ends.newest;
  (ends.newest == kNone ? ends.oldest : flows_[ends.newest].newer) = position;
  ends.newest = position;
}

void FlowTable::move_to(Flow& flow, FlowList list, Time now) {
  unlink(flow);
  append(flow, list, now);
}

std::int32_t FlowTable::to_second(Time time) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time - epoch_).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, -0x7fffffff, 0x7fffffff));
}

Duration FlowTable::timeout(const Flow& flow) const {
  if (flow.list == FlowList::closed) return timeouts_.closed;
  if (!is_tcp(flow)) return timeouts_.brief;
  return flow.packets[0] == 0 || flow.packets[1] == 0 ? timeouts_.tcp_opening : timeouts_.tcp;
}

Duration FlowTable::period(FlowList list) const {
  return list == FlowList::closed ? timeouts_.closed : timeouts_.brief;
}

Flow* FlowTable::next_stale(Time now) {
  const std::int32_t second = to_second(now);
  if (second == looked_at_) return nullptr;
  for (std::size_t i = 0; i < kFlowListCount; ++i) {
    const auto list = static_cast<FlowList>(i);
    const auto wait = std::chrono::duration_cast<std::chrono::seconds>(period(list)).count();
    while (lists_[i].oldest != kNone) {
      Flow& flow = flows_[lists_[i].oldest];
      if (std::int64_t{second} - flow.listed_second < wait) break;
      if (flow.newer != kNone) prefetch_removal(flow.newer);  // the next one's to be asked
      if (is_stale(flow, now)) return &flow;
      move_to(flow, list, now);
    }
  }
  looked_at_ = second;
  return nullptr;
}

Flow* FlowTable::next_victim() {
  for (std::size_t i = 0; i < kFlowListCount; ++i) {
    if (lists_[i].oldest == kNone) continue;
    for (int chance = 0; chance < kSecondChances; ++chance) {
      Flow& flow = flows_[lists_[i].oldest];
      if (!spoke_since_listed(flow)) return &flow;
      move_to(flow, flow.list, flow.last_seen);
    }
    return &flows_[lists_[i].oldest];
  }
  return nullptr;
}

}  // namespace netscope
