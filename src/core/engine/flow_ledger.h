// Private to this layer: the worker's books. Counts packets, flows and rules, and tells events; decides nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/moment.h"
#include "core/flow/table.h"
#include "core/inspect/sighting.h"
#include "netscope/engine/event.h"
#include "netscope/engine/packet.h"
#include "netscope/engine/statistics.h"
#include "netscope/engine/worker.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

enum class EndReason : std::uint8_t { closed, timed_out, evicted, source_ended };

class FlowLedger {
 public:
  // Looks flows up in `table`, which outlives it.
  FlowLedger(const RuleSet& rules, const WorkerOptions& options, const FlowTable& table);

  // --- once a packet

  void begin_burst() { traces_.clear(); }
  void packet(const Packet& packet);
  void verdict(const Packet& packet, Action action);
  // Its flow is one that the rule decided.
  void matched(RuleIndex rule, const Packet& packet);
  // It is an ICMP error about one: it counts, and does not make the hit a later one.
  void matched_error(RuleIndex rule, const Packet& packet) {
    statistics_.of_rule(rule).matched.add(packet.size_on_wire);
  }
  enum class BlockedBy : std::uint8_t { rule, default_policy, flow, unparsed, unjudged };
  void blocked(BlockedBy why);
  static BlockedBy blocked_by(RuleIndex rule) {
    return rule == kDefaultPolicy ? BlockedBy::default_policy : BlockedBy::rule;
  }
  // It acknowledges what this worker has never seen.
  void one_sided() { ++statistics_.one_sided; }
  // Of whom the packet of the last packet() is, and who decided.
  void trace(const Flow& flow);
  void trace(const Decision& decision);

  // --- once a message, and once a decision

  // A whole message: a hello, a request, a question.
  void message(const Flow& flow, const Moment& moment, const Sighting& sighting, std::string_view ja4);
  // The flow is another rule's from now on.
  void decided(const Flow& flow, const Moment& moment, const Decision& decision, const Question& question);
  // The flow showed its first name; it has one from an answer of DNS, or has one of its own instead.
  void named() { ++statistics_.names; }
  void learned() { ++statistics_.learned_names; }
  void unlearned() { --statistics_.learned_names; }
  // Its inspection ended at a limit.
  void given_up() { ++statistics_.given_up; }
  // A packet with payload passed that is one of those.
  void passed_unjudged() { ++statistics_.passed_unjudged; }

  // --- once a flow

  // It ends. What it showed moves to its event; its place in the table and its inspection are still there.
  void close(Flow& flow, EndReason reason);
  // All do, and so much memory was in use.
  void source_ended(std::uint64_t memory) { statistics_.flow_memory = memory; }
  void still_open() { ++statistics_.flows_open; }
  // See Worker::count_open_flows and Worker::tell_flows.
  std::uint32_t count_open(std::uint32_t place, std::uint32_t count);
  std::uint32_t tell(std::uint32_t place, std::uint32_t count, Time since, std::vector<Event>& out) const;

  // What was counted stays with the rules of the same name.
  void follow_rules(const RuleSet& before, const RuleSet& now);

  const Statistics& statistics() const { return statistics_; }
  // By RuleIndex, of `log` rules.
  std::span<std::uint64_t> log_hits() { return log_hits_; }
  std::span<const std::uint64_t> log_hits() const { return log_hits_; }
  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  void take_events(std::vector<Event>& taken) {
    taken.clear();
    taken.swap(events_);
  }
  std::span<const PacketTrace> traces() const { return traces_; }

 private:
  void count_flow(const Flow& flow, FlowState state, CountedFlow& counted);
  Event event_of(const Flow& flow, EventKind kind) const;
  Event flow_event(const Flow& flow, FlowState state) const;

  const FlowTable& table_;
  Recording recording_;
  std::uint64_t flow_id_base_;
  Statistics statistics_;
  std::vector<CountedFlow> counted_;  // by the flow's place; empty without Recording::open_flows
  std::vector<Event> events_;
  std::vector<PacketTrace> traces_;  // of the burst
  std::vector<std::uint64_t> log_hits_;
};

}  // namespace netscope
