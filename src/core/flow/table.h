// All flows of one worker: fixed capacity, found by key, forgotten when silent, evicted when full.
//
// Flows lie in one array; an open-addressed index of (hash, position) pairs finds them, so that a look-up costs one
// line of the index and the flow's own lines, all of which can be prefetched. Each flow is in one list (FlowList)
// ordered by the time it was put there; a flow's packets do not move it. Who looks at a list's head and finds a flow
// that spoke since puts it back at the end: the cost of keeping order is paid once a time-out, not once a packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

#include "core/flow/flow.h"
#include "netscope/base/bytes.h"
#include "netscope/base/time.h"
#include "netscope/flow/idle_timeouts.h"

namespace netscope {

// Memory that begins where a huge page can.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kHugePage = std::size_t{2} << 20, kCacheLine = 64;
  static constexpr std::align_val_t alignment(std::size_t count) {  // a smaller table fills no such page
    return std::align_val_t{count * sizeof(T) >= kHugePage ? kHugePage : kCacheLine};
  }
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), alignment(count))); }
  void deallocate(T* memory, std::size_t count) { ::operator delete(memory, alignment(count)); }
  bool operator==(const HugePageAllocator&) const = default;
};

class FlowTable {
 public:
  // `capacity` flows at most, at least 1; address space is taken for all of them at once, memory when they are used.
  FlowTable(std::uint32_t capacity, std::uint64_t seed, const IdleTimeouts& timeouts);

  std::uint32_t hash_of(const FlowKey& key) const { return hash(key, seed_); }
  // Two steps of one prefetch: the index line, and once that is there, the flow's lines. Inline without fail: GCC
  // leaves out a call whose only effect is a prefetch.
  [[gnu::always_inline]] void prefetch_index(std::uint32_t hash) const { __builtin_prefetch(&index_[hash & mask_]); }
  [[gnu::always_inline]] void prefetch_flow(std::uint32_t hash) const {
    const std::uint32_t position_plus_one = index_[hash & mask_].position_plus_one;
    if (position_plus_one != 0) prefetch(flows_[position_plus_one - 1]);
  }

  // Null when there is none. Pointers stay valid until the flow is removed.
  Flow* find(const FlowKey& key, std::uint32_t hash) {
    for (std::uint32_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = index_[i];
      if (slot.position_plus_one == 0) return nullptr;
      if (slot.hash != hash) continue;
      Flow& flow = flows_[slot.position_plus_one - 1];
      if (flow.key == key) return &flow;
    }
  }
  // A new flow in FlowList::opening_tcp or pending_brief; there must be none of that key, and the table must not be
  // full.
  Flow& create(const FlowKey& key, std::uint32_t hash, Time now);
  void remove(Flow& flow);
  // Removes all flows at once.
  void clear();

  FlowRecord& record_of(const Flow& flow) { return records_[place_of(flow)]; }
  const FlowRecord& record_of(const Flow& flow) const { return records_[place_of(flow)]; }

  // Where the flows lie, for an operating system that likes to be told (huge pages).
  Bytes memory() const { return {reinterpret_cast<const std::uint8_t*>(flows_.data()), capacity_ * sizeof(Flow)}; }
  bool full() const { return size_ == capacity_; }
  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return capacity_; }
  // The flow's place in the array, below capacity(), for what is kept beside the table.
  std::uint32_t place_of(const Flow& flow) const { return static_cast<std::uint32_t>(&flow - flows_.data()); }

  // Puts the flow at the end of a list.
  void move_to(Flow& flow, FlowList list, Time now);
  // Whether the flow was silent for so long that a packet at `now` belongs to another one.
  bool is_stale(const Flow& flow, Time now) const { return now - flow.last_seen >= timeout(flow); }
  // The next flow that is stale at `now`, or null: a second is looked at once, and what falls silent in the meantime is
  // found in the next. The caller takes leave of the flow and removes it.
  Flow* next_stale(Time now);
  // Who has to go when the table is full: closed before judged before pending, within each the one that was silent
  // longest, as far as the lists know. Never null in a table that is full.
  Flow* next_victim();

  template <class Visit>
  void for_each(Visit&& visit) {
    for (Flow& flow : flows_) {
      if (flow.list != FlowList::free) visit(flow);
    }
  }

  // Visits the flows in `count` places from `place` on; the place to go on from, or 0 after the last. What comes and
  // goes between two calls may be missed, nothing that stays is.
  template <class Visit>
  std::uint32_t visit_from(std::uint32_t place, std::uint32_t count, Visit&& visit) const {
    const auto places = static_cast<std::uint32_t>(flows_.size());
    for (; place < places && count > 0; ++place, --count) {
      if (flows_[place].list != FlowList::free) visit(flows_[place]);
    }
    return place < places ? place : 0;
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::min();  // no to_second()
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t position_plus_one = 0;  // 0: empty
  };
  struct List {
    std::uint32_t oldest = kNone;
    std::uint32_t newest = kNone;
  };

  // Its two lines: the first begins with the key, the second with the packets.
  [[gnu::always_inline]] static void prefetch(const Flow& flow) {
    __builtin_prefetch(&flow.key);
    __builtin_prefetch(&flow.packets);
  }
  [[gnu::always_inline]] void prefetch_place(std::uint32_t position) const {
    prefetch(flows_[position]);
    __builtin_prefetch(&records_[position]);
  }
  // What taking this flow out will touch, and the flow behind it in its list, so that it can be asked the same.
  [[gnu::always_inline]] void prefetch_removal(std::uint32_t position) const {
    const Flow& flow = flows_[position];
    prefetch_index(hash_of(flow.key));
    if (flow.newer != kNone) prefetch_place(flow.newer);
  }
  Duration timeout(const Flow& flow) const;
  Duration period(FlowList list) const;
  bool spoke_since_listed(const Flow& flow) const { return to_second(flow.last_seen) > flow.listed_second; }
  std::uint32_t slot_of(const Flow& flow) const;
  void unlink(Flow& flow);
  void append(Flow& flow, FlowList list, Time now);
  std::int32_t to_second(Time time) const;

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t first_free_ = kNone;
  std::uint32_t mask_;
  std::uint64_t seed_;
  IdleTimeouts timeouts_;
  Time epoch_{};                     // the first flow's time; seconds count from here
  std::int32_t looked_at_ = kNever;  // the second in which nothing stale is left
  // Neither grows beyond what was reserved, so flows stay where they are.
  std::vector<Flow, HugePageAllocator<Flow>> flows_;
  std::vector<FlowRecord> records_;  // by the flow's place
  std::vector<Slot> index_;
  std::array<List, kFlowListCount> lists_;
};

}  // namespace netscope
