// One worker: the owner of its flows, and the function from packets to verdicts.
//
// Below this line there is no clock, socket, thread, lock, log or file. Live it sits on a queue, offline on a share of
// a capture, in a browser on a dropped file; nothing in it knows which.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "netscope/engine/event.h"
#include "netscope/engine/packet.h"
#include "netscope/engine/statistics.h"
#include "netscope/flow/idle_timeouts.h"
#include "netscope/flow/learned_names.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

struct WorkerOptions {
  std::uint32_t flow_capacity = 16384;
  std::size_t inspection_bytes = 8u << 20;  // held for flows under inspection; the oldest is given up beyond
  std::uint64_t seed = 0;                   // of the flow table's hash; random where peers are hostile
  std::uint64_t flow_id_base = 0;           // so that the ids of several workers differ; at most 2^12
  IdleTimeouts timeouts{};
  Recording recording{};
  // What DNS answers told clients, whoever's packets they came with; null: nothing. The caller's: it outlives the
  // worker and is added to between bursts, of each answer before the packets that follow from it.
  const LearnedNames* learned_names = nullptr;
};

class Worker {
 public:
  Worker(const std::shared_ptr<const RuleSet>& rules, const WorkerOptions& options);
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;
  ~Worker();

  // Judges a burst in its order and writes one verdict for each packet. `verdicts` must be as long as `packets`.
  // Allocates nothing for packets of flows that are judged.
  void process(std::span<const Packet> packets, std::span<Verdict> verdicts);

  // Puts other rules in force and judges every flow again by what is known of it; a flow that was blocked may pass
  // again, and the other way round. What was counted stays with the rules of the same name. `rules` must be compiled
  // against the same catalogue, and the events of before be taken: they speak of the old rules. The time grows with the
  // flows.
  void swap_rules(std::shared_ptr<const RuleSet> rules);

  // Ends the flows that were silent for too long at `now`; `process` does so too, by the times of its packets.
  void forget_silent_flows(Time now);

  // The source has ended: all flows end as they stand.
  void finish();

  // Tells of the flows in `count` places of the table from `place` on that a packet reached after `since`, as flow
  // events with their names; the place to go on from, or 0 after the last. Bounded work, to be spread over bursts.
  std::uint32_t tell_flows(std::uint32_t place, std::uint32_t count, Time since, std::vector<Event>& out) const;

  // Brings the statistics up to what the flows in `count` places of the table from `place` on have done so far; the
  // place to go on from, or 0 after the last. Without it, or Recording::open_flows, a flow counts when it ends. However
  // often it is called, each packet counts once: for the application and the name that are known by then. Bounded work,
  // to be spread over bursts.
  std::uint32_t count_open_flows(std::uint32_t place, std::uint32_t count);

  // Where the flows lie: see FlowTable::memory.
  Bytes flow_memory() const;
  const Statistics& statistics() const;
  std::uint32_t flow_count() const;
  // How often each `log` rule held, by RuleIndex.
  std::span<const std::uint64_t> log_hits() const;
  // The events since the last call, in the order of their packets; those of flows that ended stand where they ended.
  std::vector<Event> take_events();
  // The same in place of what `taken` holds, whose memory is used for the next ones.
  void take_events(std::vector<Event>& taken);
  // With Recording::packets: one for each packet of the last burst, in its order.
  std::span<const PacketTrace> traces() const;

 private:
  class Stages;
  std::unique_ptr<Stages> stages_;
};

}  // namespace netscope
