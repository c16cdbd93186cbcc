// The burst pipeline and the life of flows.
//
// A flow table is larger than any cache, so a look-up made on demand waits for memory once or twice a packet. The burst
// is therefore walked in three steps that are a few packets apart: hash the key and ask for its index line; ask for the
// flow's own lines, whose place the index now tells; judge. By the time a packet is judged, its flow is there.

#include "netscope/engine/worker.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_map>

namespace netscope {
namespace {

// Datagrams of one side after which an accepted flow leaves although the other side is silent.
constexpr std::uint32_t kDatagramsWithoutAnswer = 32;

// Packets between the steps of the prefetch.
constexpr std::size_t kIndexAhead = 20;
constexpr std::size_t kFlowAhead = 10;

// Who is the client when no handshake was seen: the end with the port that is not a service's.
Direction guess_client(const Packet& packet) {
  const std::uint16_t from = packet.key.source(packet.direction).port;
  const std::uint16_t to = packet.key.source(opposite(packet.direction)).port;
  const bool from_service = from < 1024 && to >= 1024;
  return from_service ? opposite(packet.direction) : packet.direction;
}

}  // namespace

Worker::Worker(std::shared_ptr<const RuleSet> rules, const WorkerOptions& options)
    : rules_(std::move(rules)),
      options_(options),
      table_(options.flow_capacity, options.seed, options.timeouts),
      statistics_(rules_->rules().size(), rules_->catalogue().apps().size(), kWorkerTableSize),
      counted_(options.recording.open_flows ? table_.capacity() : 0),
      log_hits_(rules_->rules().size()),
      resolvers_(rules_->catalogue().category_named("dns")),
      message_(std::make_unique<dns::Message>()),
      connection_ids_(options.seed) {}

void Worker::process(std::span<const Packet> packets, std::span<Verdict> verdicts) {
  const std::size_t count = packets.size();
  traces_.clear();
  if (count == 0) return;
  if (hashes_.size() < count) hashes_.resize(count);
  // Flows are forgotten by the earliest time of the burst: one record with a time far ahead must not end them all.
  Time earliest = Time::max();
  for (std::size_t i = 0; i < count; ++i) {
    earliest = std::min(earliest, packets[i].time);
    hashes_[i] = table_.hash_of(packets[i].key);
  }
  for (std::size_t i = 0; i < std::min(count, kIndexAhead); ++i) table_.prefetch_index(hashes_[i]);
  for (std::size_t i = 0; i < std::min(count, kFlowAhead); ++i) table_.prefetch_flow(hashes_[i]);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kIndexAhead < count) table_.prefetch_index(hashes_[i + kIndexAhead]);
    if (i + kFlowAhead < count) {
      table_.prefetch_flow(hashes_[i + kFlowAhead]);
      __builtin_prefetch(packets[i + kFlowAhead].payload.data());
    }
    verdicts[i] = judge(packets[i], hashes_[i]);
  }
  forget_silent_flows(earliest);
}

void Worker::forget_silent_flows(Time now) {
  while (Flow* flow = table_.next_stale(now)) end_flow(*flow, EndReason::timed_out);
}

void Worker::swap_rules(std::shared_ptr<const RuleSet> rules) {
  std::unordered_map<std::string_view, RuleIndex> before;
  for (std::size_t i = 0; i < rules_->rules().size(); ++i) before[rules_->rules()[i].name] = static_cast<RuleIndex>(i);
  std::vector<RuleTally> tallies(rules->rules().size());
  std::vector<std::uint64_t> log_hits(rules->rules().size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const auto same = before.find(rules->rules()[i].name);
    if (same == before.end()) continue;
    tallies[i] = statistics_.rules[same->second];
    log_hits[i] = log_hits_[same->second];
  }
  statistics_.rules = std::move(tallies);
  log_hits_ = std::move(log_hits);
  rules_ = std::move(rules);
  table_.for_each([this](Flow& flow) { judge_again(flow); });
}

void Worker::finish() {
  statistics_.flow_memory = table_.size() * (sizeof(Flow) + sizeof(FlowRecord)) + inspection_bytes_;
  table_.for_each([this](Flow& flow) {
    statistics_.flows_open += flow.closed_by_tcp() ? 0 : 1;
    take_leave(flow, EndReason::source_ended);
  });
  table_.clear();
}

Verdict Worker::judge(const Packet& packet, std::uint32_t hash) {
  count_headers(packet);
  if (options_.recording.packets) traces_.emplace_back();
  Verdict verdict;
  switch (packet.kind) {
    case PacketKind::of_flow: verdict = judge_in_flow(find_or_open(packet, hash), packet); break;
    case PacketKind::quoting: verdict = judge_quoting(packet, hash); break;
    case PacketKind::fragment: break;  // nothing is known of it yet: it passes, and cannot complete without the rest
    case PacketKind::malformed:
    case PacketKind::cut_off:
    case PacketKind::not_ip: verdict = judge_unparsed(packet); break;
  }
  count_verdict(packet, verdict.action);
  return verdict;
}

Verdict Worker::judge_unparsed(const Packet&) {
  const Action action = rules_->policy().unparsed;
  if (action != Action::accept) ++statistics_.reasons.unparsed;
  return {.action = action};
}

// An ICMP error is judged as ICMP between the ends of the flow that it speaks of, and shares that flow's fate.
Verdict Worker::judge_quoting(const Packet& packet, std::uint32_t hash) {
  if (const Flow* flow = table_.find(packet.key, hash); flow != nullptr && flow->blocked_for_good()) {
    ++statistics_.reasons.flow_drop;
    tally_of(flow->rule).matched.add(packet.size_on_wire);
    trace(*flow);
    return {.action = flow->action, .for_flow = false};
  }
  const Question question{
      .client = packet.key.source(packet.direction).address,
      .server = packet.key.source(opposite(packet.direction)).address,
      .ip_protocol = packet.key.version == IpVersion::v4 ? ip_protocol::icmp : ip_protocol::icmp_v6,
      .final = true,
  };
  const Decision decision = rules_->decide(question).value_or(Decision{});
  if (options_.recording.packets) traces_.back() = {.rule = decision.rule, .decided = true};
  RuleTally& tally = tally_of(decision.rule);
  tally.matched.add(packet.size_on_wire);
  tally.last_hit = std::max(tally.last_hit, packet.time);
  if (decision.blocks()) {
    ++(decision.rule == kDefaultPolicy ? statistics_.reasons.default_policy : statistics_.reasons.rules);
  }
  return {.action = decision.action, .for_flow = false};
}

Flow& Worker::find_or_open(const Packet& packet, std::uint32_t hash) {
  Flow* flow = table_.find(packet.key, hash);
  const bool opening = packet.key.ip_protocol == ip_protocol::tcp &&
                       (packet.tcp_flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
  if (flow != nullptr) {
    if (!table_.is_stale(*flow, packet.time) && !(opening && flow->closed_by_tcp())) return *flow;
    end_flow(*flow, opening ? EndReason::closed : EndReason::timed_out);
  }
  if (table_.full()) end_flow(*table_.next_victim(), EndReason::evicted);
  Flow& opened = table_.create(packet.key, hash, packet.time);
  table_.record_of(opened).first_number = packet.number;
  opened.client_known = (packet.tcp_flags & tcp_flag::syn) != 0;
  const bool from_server = (packet.tcp_flags & (tcp_flag::syn | tcp_flag::ack)) == (tcp_flag::syn | tcp_flag::ack);
  opened.client = from_server ? opposite(packet.direction) : opening ? packet.direction : guess_client(packet);
  return opened;
}

// Counters, TCP flags and the state that follows from them.
void Worker::follow(Flow& flow, const Packet& packet) {
  const std::size_t direction = index_of(packet.direction);
  flow.last_seen = packet.time;
  flow.bytes[direction] += packet.size_on_wire;
  ++flow.packets[direction];
  flow.tcp_flags[direction] |= packet.tcp_flags;
  if (!packet.payload.empty()) flow.spoke[direction] = true;
  if (flow.packets[1 - direction] == 0 && (packet.tcp_flags & tcp_flag::ack) != 0) {
    ++statistics_.one_sided;  // it answers what this worker never saw
  }
  if (flow.state == FlowState::opened && flow.packets[0] != 0 && flow.packets[1] != 0) {
    // TCP: established by the client's answer to the SYN/ACK, or by data in a connection that was under way.
    const bool handshake = (packet.tcp_flags & tcp_flag::syn) != 0;
    if (packet.key.ip_protocol != ip_protocol::tcp || !handshake) flow.state = FlowState::established;
  }
  if (flow.state == FlowState::established && flow.protocol != Protocol::unknown) flow.state = FlowState::classified;
  // A blocked connection stays, and one that is still inspected: a RST that only we saw must not make us forget it.
  const bool by_server = (flow.tcp_flags[index_of(opposite(flow.client))] & (tcp_flag::rst | tcp_flag::fin)) != 0;
  const bool stays = flow.blocked() || (flow.inspection != nullptr && !by_server);
  if (flow.list != FlowList::closed && !stays && flow.closed_by_tcp())
    table_.move_to(flow, FlowList::closed, packet.time);
}

Verdict Worker::judge_in_flow(Flow& flow, const Packet& packet) {
  follow(flow, packet);
  const bool blocked_before = flow.blocked_for_good();
  bool judged = true;
  if (!blocked_before && !(flow.standing == Standing::whole_flow && flow.facts_are_final())) {
    if (packet.outer != nullptr) block_by_outer(flow, packet);
    judged = inspect(flow, packet);
  } else if (flow.facts == Facts::open) {
    inspect(flow, packet);  // the verdict stands; what it was blocked or accepted for is still worth knowing
  }
  leave_pending(flow);
  keep_within_memory(flow);
  trace(flow);
  if (!judged && !flow.blocked()) {
    ++statistics_.reasons.unparsed;
    ++table_.record_of(flow).blocked_packets;
    return {.action = Action::drop};  // said in too many ways; once more, after an answer, it may be judged
  }
  if (!flow.decided()) return {};
  RuleTally& tally = tally_of(flow.rule);
  tally.matched.add(packet.size_on_wire);
  tally.last_hit = std::max(tally.last_hit, packet.time);
  if (flow.blocked()) {
    ++table_.record_of(flow).blocked_packets;
    ++(blocked_before                ? statistics_.reasons.flow_drop
       : flow.rule == kDefaultPolicy ? statistics_.reasons.default_policy
                                     : statistics_.reasons.rules);
  }
  return {.action = flow.action,
          .for_flow = flow.standing == Standing::whole_flow && (flow.blocked() || may_leave(flow)),
          .client_would_not_hear = flow.action == Action::reject && client_would_not_hear(flow, packet)};
}

// Until the client has sent something, whose answer tells it. The number is bounded: a client that stays silent gets no
// more than these.
bool Worker::client_would_not_hear(const Flow& flow, const Packet& packet) {
  constexpr std::uint8_t kUntilTold = 8;
  std::uint8_t& rejected = table_.record_of(flow).rejected_towards_client;
  if (packet.direction == flow.client) rejected = kUntilTold;
  if (rejected == kUntilTold) return false;
  ++rejected;
  return true;
}

// An accepted flow leaves when no later fact can matter, and the other side has heard what was judged. Where nobody
// answers, as with one-way media, the datagrams that were looked at must do.
bool Worker::may_leave(const Flow& flow) const {
  const bool answered = flow.spoke[index_of(opposite(flow.client))];
  if (flow.key.ip_protocol == ip_protocol::tcp)
    return flow.facts_are_final() || (answered && flow.protocol != Protocol::unknown);
  return flow.facts_are_final() && (answered || flow.packets[index_of(flow.client)] >= kDatagramsWithoutAnswer);
}

}  // namespace netscope
