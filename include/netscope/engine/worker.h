// One worker: the owner of its flows, and the function from packets to verdicts.
//
// Below this line there is no clock, socket, thread, lock, log or file. Live it sits on a queue, offline on a share of
// a capture, in a browser on a dropped file; nothing in it knows which.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/dpi/dns.h"
#include "core/dpi/tls.h"
#include "core/engine/moment.h"
#include "core/flow/table.h"
#include "core/inspect/quic_reader.h"
#include "core/inspect/stream_reader.h"
#include "netscope/engine/event.h"
#include "netscope/engine/packet.h"
#include "netscope/engine/statistics.h"
#include "netscope/flow/learned_names.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// Inspections that are kept for reuse.
inline constexpr std::size_t kSpareInspections = 1024;

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
  Worker(std::shared_ptr<const RuleSet> rules, const WorkerOptions& options);

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
  Bytes flow_memory() const { return table_.memory(); }
  const Statistics& statistics() const { return statistics_; }
  std::uint32_t flow_count() const { return table_.size(); }
  // How often each `log` rule held, by RuleIndex.
  std::span<const std::uint64_t> log_hits() const { return log_hits_; }
  // The events since the last call, in the order of their packets; those of flows that ended stand where they ended.
  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  // The same in place of what `taken` holds, whose memory is used for the next ones.
  void take_events(std::vector<Event>& taken) {
    taken.clear();
    taken.swap(events_);
  }
  // With Recording::packets: one for each packet of the last burst, in its order.
  std::span<const PacketTrace> traces() const { return traces_; }

 private:
  // What of a flow the statistics hold already.
  struct Counted {
    std::uint64_t packets = 0, bytes = 0, blocked = 0;
    AppId app = kNoApp;       // for which they counted
    std::uint16_t names = 0;  // of its names
    FlowState state = FlowState::opened;
    bool any = false;
  };
  enum class EndReason : std::uint8_t { closed, timed_out, evicted, source_ended };

  Verdict judge(const Packet& packet, std::uint32_t hash);
  Verdict judge_unparsed(const Packet& packet);
  Verdict judge_quoting(const Packet& packet, std::uint32_t hash);
  Verdict judge_in_flow(Flow& flow, const Packet& packet);
  Flow& find_or_open(const Packet& packet, std::uint32_t hash);

  void follow(Flow& flow, const Packet& packet);
  bool inspect(Flow& flow, const Packet& packet);
  bool inspect_tcp(Flow& flow, const Packet& packet);
  void follow_handshake(Flow& flow, const Packet& packet);
  void begin_stream(Flow& flow, Direction direction, std::uint32_t sequence);
  void follow_acknowledgment(Flow& flow, const Packet& packet);
  void take_as_heard(Flow& flow, const Packet& packet);
  bool read_segment(Flow& flow, const Packet& packet);
  static bool mark_urgent(Inspection& inspection, const Packet& packet, std::uint32_t begin);
  bool read_otherwise(Flow& flow, const Packet& packet, bool in_order);
  void read_telling(Flow& flow, const Packet& packet, Reading& reading, Bytes told);
  bool nothing_more_to_learn(const Flow& flow) const;
  void block_if_unknown_is_blocked(Flow& flow, const Moment& moment);
  void inspect_datagram(Flow& flow, const Packet& packet);
  bool inspect_quic(Flow& flow, const Packet& packet);
  void remember_hello(const Flow& flow, QuicInspection& quic, const Sighting& sighting) const;
  bool has_moved_here(Flow& flow, const Packet& packet);
  bool inspect_dtls(Flow& flow, const Packet& packet);
  void inspect_opening(Flow& flow, const Packet& packet, Standing before);
  void finish_facts(Flow& flow, const Moment& moment);
  void begin_inspection(Flow& flow);
  void give_inspection_back(Flow& flow);
  void leave_pending(Flow& flow);
  void count_memory(Inspection& inspection);
  void keep_within_memory(Flow& grown);

  void hear(Flow& flow, const Moment& moment, Direction from, const Sighting& sighting);
  Protocol service_of(const Sighting& sighting, const Question& question) const;
  void remember_name(Flow& flow, const Sighting& sighting);
  std::string fingerprint(Flow& flow, const Sighting& sighting) const;
  void record_message(const Flow& flow, const Moment& moment, const Sighting& sighting, std::string_view ja4);

  bool takes_learned_name(const Flow& flow) const;
  void take_learned_name(Flow& flow, std::string_view name);
  void take_newest_learned_name(Flow& flow);
  bool blocked_by_learned_name(Flow& flow, const Moment& moment, Question& question);

  Question question_of(const Flow& flow) const;
  void decide(Flow& flow, const Moment& moment, const Question& question);
  void judge_again(Flow& flow);
  bool may_leave(const Flow& flow) const;
  bool client_would_not_hear(const Flow& flow, const Packet& packet);
  void block_by_outer(Flow& flow, const Packet& packet);
  void settle(Flow& flow, const Moment& moment, const Decision& decision, const Question& question);

  void trace(const Flow& flow);
  void count_headers(const Packet& packet);
  void count_verdict(const Packet& packet, Action action);
  RuleTally& tally_of(RuleIndex rule);
  void end_flow(Flow& flow, EndReason reason);
  // Counts and tells of a flow that ends; its place in the table is still taken.
  void take_leave(Flow& flow, EndReason reason);
  void count_flow(const Flow& flow, FlowState state, Counted& counted);
  void count_names(const Flow& flow, const Tally& all, const Tally& added, const Counted& counted);
  Event event_of(const Flow& flow, EventKind kind) const;

  std::shared_ptr<const RuleSet> rules_;
  WorkerOptions options_;
  FlowTable table_;
  Statistics statistics_;
  std::vector<Counted> counted_;  // by the flow's place; empty without Recording::open_flows
  std::vector<Event> events_;
  std::vector<PacketTrace> traces_;    // of the burst
  std::vector<std::uint32_t> hashes_;  // of the burst
  std::size_t inspection_bytes_ = 0;
  std::vector<std::unique_ptr<Inspection>> spare_inspections_;  // empty ones, for the next flow
  std::vector<std::uint64_t> log_hits_;
  std::optional<CategoryId> resolvers_;  // of the catalogue
  // Room for the parsers, owned here because the packet path allocates nothing.
  StreamReader reader_;
  QuicReader quic_reader_;
  std::unique_ptr<dns::Message> message_;
  ConnectionIds connection_ids_;
};

}  // namespace netscope
