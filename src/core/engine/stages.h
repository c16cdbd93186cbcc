// Private to this layer: the stages of a worker, and the data that each of them owns. Calls go down the list of
// members, never up: a packet finds its flow here, an inspector reads it, the judge asks the rules about what it
// showed, the ledger counts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/engine/datagram_inspector.h"
#include "core/engine/flow_judge.h"
#include "core/engine/flow_ledger.h"
#include "core/engine/inspection_pool.h"
#include "core/engine/sides.h"
#include "core/engine/tcp_inspector.h"
#include "core/flow/table.h"
#include "netscope/base/recently_lost.h"
#include "netscope/engine/worker.h"

namespace netscope {

class Worker::Stages {
 public:
  Stages(const std::shared_ptr<const RuleSet>& rules, const WorkerOptions& options);

  // As the functions of Worker.
  void process(std::span<const Packet> packets, std::span<Verdict> verdicts);
  void swap_rules(std::shared_ptr<const RuleSet> rules);
  void forget_silent_flows(Time now);
  void finish();

  const FlowTable& table() const { return table_; }
  FlowLedger& ledger() { return ledger_; }
  const FlowLedger& ledger() const { return ledger_; }

 private:
  Verdict judge(const Packet& packet, std::uint32_t hash);
  Verdict judge_unparsed();
  Verdict judge_given_up();
  Verdict judge_quoting(const Packet& packet, std::uint32_t hash);
  Verdict judge_in_flow(Flow& flow, const Packet& packet, bool anew);
  Verdict judge_wish(Flow& flow, const Packet& packet);
  Verdict judge_forged(const Flow& flow);
  Verdict judge_unjudged(const Flow& flow, const Packet& packet, bool anew);
  Sides sides_of(const Flow& flow, const Packet& packet) const;
  // A packet's flow; `anew`: it begins with this packet, where another one had the same ports.
  struct Found {
    Flow& flow;
    bool anew = false;
  };
  Found find_or_open(const Packet& packet, std::uint32_t hash);
  bool begins_another(const Flow& flow, const Packet& packet);
  static void count(Flow& flow, const Packet& packet);
  void follow(Flow& flow, const Packet& packet);
  Segment read(Flow& flow, const Packet& packet);
  Segment inspect(Flow& flow, const Packet& packet);
  static bool may_leave(const Flow& flow);
  bool client_would_not_hear(const Flow& flow, const Packet& packet);
  void leave_pending(Flow& flow);
  void keep_within_memory();
  void take_leave(Flow& flow, EndReason reason);
  void end_flow(Flow& flow, EndReason reason, Time now);
  static bool may_not_come_back(const Flow& flow, EndReason reason);
  RecentlyLost& lost_like(const Flow& flow);

  FlowTable table_;
  RecentlyLost lost_tcp_, lost_brief_;  // that were in the table
  FlowLedger ledger_;                   // reads table_
  FlowJudge judge_;                     // -> ledger_
  InspectionPool pool_;
  TcpInspector tcp_;                   // -> judge_, pool_
  DatagramInspector datagrams_;        // -> judge_, pool_
  std::vector<std::uint32_t> hashes_;  // of the burst
};

}  // namespace netscope
