// The burst pipeline and the life of flows.
//
// A flow table is larger than any cache, so a look-up made on demand waits for memory once or twice a packet. The burst
// is therefore walked in three steps that are a few packets apart: hash the key and ask for its index line; ask for the
// flow's own lines, whose place the index now tells; judge. By the time a packet is judged, its flow is there.

#include "core/engine/stages.h"

#include <algorithm>
#include <cstddef>

#include "core/engine/handshake.h"

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

// Bytes on the wire that a flow carries each way while rules wait for what it is: an opening. Behind it, what they say
// of the unknown counts where that is a block.
constexpr std::uint64_t kOpening = 16 * 1024;

// Whether this packet is the first behind it. Of a message that is read and has not all come, the rest belongs to it;
// but no server says so much ahead of what its client is about to ask.
bool passes_opening(const Flow& flow, const Packet& packet) {
  if (flow.decided() || flow.facts != Facts::open || flow.key.ip_protocol != ip_protocol::tcp) return false;
  const std::uint64_t bytes = flow.bytes[index_of(packet.direction)];
  if (bytes < kOpening || bytes - packet.size_on_wire >= kOpening) return false;
  const bool by_client = packet.direction == flow.client;
  return !by_client || flow.inspection == nullptr || flow.inspection->streams[index_of(flow.client)].prefix.empty();
}

}  // namespace

Worker::Stages::Stages(const std::shared_ptr<const RuleSet>& rules, const WorkerOptions& options)
    : table_(options.flow_capacity, options.seed, options.timeouts),
      lost_tcp_(options.timeouts.tcp),
      lost_brief_(options.timeouts.brief),
      ledger_(*rules, options, table_),
      judge_(rules, options, table_, ledger_),
      pool_(options.inspection_bytes, options.seed),
      tcp_(judge_, pool_),
      datagrams_(judge_, pool_, options.seed) {}

void Worker::Stages::process(std::span<const Packet> packets, std::span<Verdict> verdicts) {
  const std::size_t count = packets.size();
  ledger_.begin_burst();
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

void Worker::Stages::forget_silent_flows(Time now) {
  while (Flow* flow = table_.next_stale(now)) end_flow(*flow, EndReason::timed_out, now);
}

void Worker::Stages::swap_rules(std::shared_ptr<const RuleSet> rules) {
  ledger_.follow_rules(judge_.rules(), *rules);
  judge_.swap_rules(std::move(rules));
  table_.for_each([this](Flow& flow) {
    judge_.judge_again(flow);
    leave_pending(flow);
  });
}

void Worker::Stages::finish() {
  ledger_.source_ended(table_.size() * (sizeof(Flow) + sizeof(FlowRecord)) + pool_.bytes());
  table_.for_each([this](Flow& flow) {
    if (!flow.closed_by_tcp()) ledger_.still_open();
    take_leave(flow, EndReason::source_ended);
  });
  table_.clear();
}

Verdict Worker::Stages::judge(const Packet& packet, std::uint32_t hash) {
  ledger_.packet(packet);
  Verdict verdict;
  switch (packet.kind) {
    case PacketKind::of_flow: {
      const auto [flow, anew] = find_or_open(packet, hash);
      const bool forged = sides_of(flow, packet) == Sides::answer_is_forged;
      verdict = forged ? judge_forged(flow) : judge_in_flow(flow, packet, anew);
      break;
    }
    case PacketKind::quoting: verdict = judge_quoting(packet, hash); break;
    case PacketKind::fragment: break;  // nothing is known of it yet: it passes, and cannot complete without the rest
    case PacketKind::given_up: verdict = judge_given_up(); break;
    case PacketKind::malformed:
    case PacketKind::cut_off:
    case PacketKind::not_ip: verdict = judge_unparsed(); break;
  }
  ledger_.verdict(packet, verdict.action);
  return verdict;
}

Verdict Worker::Stages::judge_given_up() {
  const Action action = judge_.rules().unjudged();
  if (action == Action::accept) {
    ledger_.passed_unjudged();
  } else {
    ledger_.blocked(FlowLedger::BlockedBy::unjudged);
  }
  return {.action = action};
}

Verdict Worker::Stages::judge_unparsed() {
  const Action action = judge_.rules().policy().unparsed;
  if (action != Action::accept) ledger_.blocked(FlowLedger::BlockedBy::unparsed);
  return {.action = action};
}

// An ICMP error is judged as ICMP between the ends of the flow that it speaks of, and shares that flow's fate.
Verdict Worker::Stages::judge_quoting(const Packet& packet, std::uint32_t hash) {
  if (const Flow* flow = table_.find(packet.key, hash); flow != nullptr && flow->blocked_for_good()) {
    ledger_.blocked(FlowLedger::BlockedBy::flow);
    ledger_.matched_error(flow->rule, packet);
    ledger_.trace(*flow);
    return {.action = flow->action, .for_flow = false};
  }
  const Decision decision = judge_.judge_quoted(packet);
  ledger_.trace(decision);
  ledger_.matched(decision.rule, packet);
  if (decision.blocks()) ledger_.blocked(FlowLedger::blocked_by(decision.rule));
  return {.action = decision.action, .for_flow = false};
}

bool Worker::Stages::begins_another(const Flow& flow, const Packet& packet) {
  switch (sides_of(flow, packet)) {
    case Sides::opening_was_forged: return true;
    case Sides::answer_is_forged: return false;
    case Sides::apart: break;
  }
  switch (packet.key.ip_protocol) {
    case ip_protocol::tcp: return is_syn(packet) && role_of(flow, packet) == SynRole::another;
    case ip_protocol::udp: return datagrams_.opens_another(flow, packet);
    default: return false;
  }
}

Worker::Stages::Found Worker::Stages::find_or_open(const Packet& packet, std::uint32_t hash) {
  Flow* flow = table_.find(packet.key, hash);
  const bool syn = packet.key.ip_protocol == ip_protocol::tcp && is_syn(packet);
  bool another = false, client_opened = false;
  if (flow != nullptr) {
    another = begins_another(*flow, packet);
    if (!another && !table_.is_stale(*flow, packet.time)) return {*flow};
    client_opened = another && syn && (acknowledges(packet) || opens_as_well(*flow, packet));
    end_flow(*flow, another ? EndReason::closed : EndReason::timed_out, packet.time);
  }
  if (table_.full()) end_flow(*table_.next_victim(), EndReason::evicted, packet.time);
  Flow& opened = table_.create(packet.key, hash, packet.time);
  FlowRecord& record = table_.record_of(opened);
  record.first_number = packet.number;
  record.opener = packet.direction;
  record.way = remembered(packet.way);
  record.sender = packet.sender;
  opened.client_known = opened.opened_by_syn = syn;
  const bool from_server = client_opened || (syn && acknowledges(packet));
  opened.client = from_server ? opposite(packet.direction) : syn ? packet.direction : guess_client(packet);
  if (!syn && lost_like(opened).contains(hash, packet.time)) judge_.give_up(opened, Moment::of(packet));
  if (client_opened) opened.tcp_flags[index_of(opened.client)] = tcp_flag::syn;  // its SYN counted for the flow before
  return {opened, another};
}

// Asked only where it can matter: a flow that is judged takes nothing from an answer any more, but for a new
// connection.
Sides Worker::Stages::sides_of(const Flow& flow, const Packet& packet) const {
  const bool matters = flow.facts == Facts::open || (packet.tcp_flags & tcp_flag::syn) != 0;
  if (packet.way.in_interface == 0 || !matters) return Sides::apart;
  const FlowRecord& record = table_.record_of(flow);
  return packet.direction == record.opener ? Sides::apart : sides_of_ways(record.way, packet.way);
}

void Worker::Stages::count(Flow& flow, const Packet& packet) {
  const std::size_t direction = index_of(packet.direction);
  flow.last_seen = packet.time;
  flow.bytes[direction] += packet.size_on_wire;
  ++flow.packets[direction];
}

// Counters, TCP flags and the state that follows from them.
void Worker::Stages::follow(Flow& flow, const Packet& packet) {
  const std::size_t direction = index_of(packet.direction);
  count(flow, packet);
  const bool in_vain = (packet.tcp_flags & tcp_flag::rst) != 0 && !reset_counts(flow, packet);
  flow.tcp_flags[direction] |= in_vain ? packet.tcp_flags & ~tcp_flag::rst : packet.tcp_flags;
  if (!packet.payload.empty()) {
    flow.spoke[direction] = true;
    if (flow.list == FlowList::opening_tcp) table_.move_to(flow, FlowList::pending_tcp, packet.time);
  }
  if (flow.packets[1 - direction] == 0 && flow.tcp_flags[1 - direction] == 0 &&
      (packet.tcp_flags & tcp_flag::ack) != 0) {
    ledger_.one_sided();  // it answers what this worker never saw
  }
  if (flow.state == FlowState::opened && flow.packets[0] != 0 && flow.packets[1] != 0) {
    // TCP: established by the client's answer to the SYN/ACK, or by data in a connection that was under way.
    const bool handshake = (packet.tcp_flags & tcp_flag::syn) != 0;
    if (packet.key.ip_protocol != ip_protocol::tcp || !handshake) flow.state = FlowState::established;
  }
  if (flow.state == FlowState::established && flow.protocol != Protocol::unknown) flow.state = FlowState::classified;
  // A blocked connection stays, and one that is not judged yet: a RST that only we saw must not make us forget it.
  const bool may_go_on = flow.standing != Standing::whole_flow && !ended_by_server(flow);
  if (flow.list != FlowList::closed && !flow.blocked() && !may_go_on && flow.closed_by_tcp()) {
    table_.move_to(flow, FlowList::closed, packet.time);
  }
}

Segment Worker::Stages::inspect(Flow& flow, const Packet& packet) {
  if (flow.facts == Facts::given_up) return Segment::pass;
  switch (flow.key.ip_protocol) {
    case ip_protocol::tcp: return tcp_.inspect(flow, packet);
    case ip_protocol::udp:
    case ip_protocol::udp_lite: datagrams_.inspect(flow, packet); break;
    default:
      if (!flow.facts_are_final()) judge_.finish_facts(flow, Moment::of(packet));
      break;
  }
  return Segment::pass;
}

// Another connection is wished for on the ports of a flow. It is judged by its ends, as any SYN; the flow stays as it
// is until the server answers. A blocked one does not leave for the kernel any more: the ends have to find out that one
// of them still has the old connection (RFC 9293, section 3.5.1), and do so without a byte of payload.
Verdict Worker::Stages::judge_wish(Flow& flow, const Packet& packet) {
  count(flow, packet);
  const std::optional<Decision> decision = judge_.judge_ends(packet);
  const bool withheld = !packet.payload.empty();  // with bytes that nobody can judge before the server has answered
  if (withheld || (decision && decision->blocks())) {
    ledger_.trace(flow);
    ledger_.blocked(withheld ? FlowLedger::BlockedBy::unjudged : FlowLedger::blocked_by(decision->rule));
    ++table_.record_of(flow).blocked_packets;
    return {.action = withheld ? Action::drop : decision->action};
  }
  ledger_.trace(Decision{});
  flow.wished_anew = flow.blocked_for_good();
  return {.anew = flow.wished_anew};
}

// Whoever sent it bears the address of the other end and is none. It goes where it is sent, and the flow stays as it
// is.
Verdict Worker::Stages::judge_forged(const Flow& flow) {
  ledger_.trace(flow);
  if (!flow.blocked()) return {};
  ledger_.blocked(FlowLedger::BlockedBy::flow);
  return {.action = flow.action};
}

// It could not be judged to its end, and no packet of it is accepted for good. What carries nothing passes, so that
// the ends find out that the rest does not arrive.
Verdict Worker::Stages::judge_unjudged(const Flow& flow, const Packet& packet, bool anew) {
  if (packet.payload.empty()) return {.anew = anew};
  Verdict verdict = judge_given_up();
  if (verdict.action != Action::accept) ++table_.record_of(flow).blocked_packets;
  verdict.anew = anew;
  return verdict;
}

// Of a blocked flow, what it was blocked for is still worth knowing.
Segment Worker::Stages::read(Flow& flow, const Packet& packet) {
  if (packet.outer != nullptr && !flow.blocked_for_good()) judge_.block_by_outer(flow, packet);
  const Segment segment = inspect(flow, packet);
  if (passes_opening(flow, packet)) judge_.block_if_unknown_is_blocked(flow, Moment::of(packet));
  leave_pending(flow);
  keep_within_memory();
  return segment;
}

Verdict Worker::Stages::judge_in_flow(Flow& flow, const Packet& packet, bool anew) {
  const bool syn = packet.key.ip_protocol == ip_protocol::tcp && is_syn(packet);
  if (syn && role_of(flow, packet) == SynRole::wish) return judge_wish(flow, packet);
  follow(flow, packet);
  const bool blocked_before = flow.blocked_for_good();
  const bool judged = flow.standing == Standing::whole_flow && flow.facts != Facts::open;
  const Segment segment = judged ? Segment::pass : read(flow, packet);
  ledger_.trace(flow);
  if (segment == Segment::withhold && !flow.blocked()) {
    ledger_.blocked(FlowLedger::BlockedBy::unjudged);
    ++table_.record_of(flow).blocked_packets;
    return {.action = Action::drop};  // said in too many ways; once more, after an answer, it may be judged
  }
  anew = anew || (syn && acknowledges(packet));
  if (flow.unjudged()) return judge_unjudged(flow, packet, anew);
  if (!flow.decided()) return {.anew = anew};
  const bool wished_anew = flow.wished_anew && flow.blocked();  // other rules may have accepted it since
  if (wished_anew && packet.payload.empty()) return {};
  ledger_.matched(flow.rule, packet);
  if (flow.blocked()) {
    ++table_.record_of(flow).blocked_packets;
    ledger_.blocked(blocked_before ? FlowLedger::BlockedBy::flow : FlowLedger::blocked_by(flow.rule));
  }
  return {.action = flow.action,
          .for_flow = flow.standing == Standing::whole_flow && !wished_anew && (flow.blocked() || may_leave(flow)),
          .anew = anew,
          .client_would_not_hear = flow.action == Action::reject && client_would_not_hear(flow, packet)};
}

// Until the client has sent something, whose answer tells it. The number is bounded: a client that stays silent gets no
// more than these.
bool Worker::Stages::client_would_not_hear(const Flow& flow, const Packet& packet) {
  constexpr std::uint8_t kUntilTold = 8;
  std::uint8_t& rejected = table_.record_of(flow).rejected_towards_client;
  if (packet.direction == flow.client) rejected = kUntilTold;
  if (rejected == kUntilTold) return false;
  ++rejected;
  return true;
}

// An accepted flow leaves when no later fact can matter, and the other side has heard what was judged. Where nobody
// answers, as with one-way media, the datagrams that were looked at must do.
bool Worker::Stages::may_leave(const Flow& flow) {
  const bool answered = flow.spoke[index_of(opposite(flow.client))];
  if (flow.key.ip_protocol == ip_protocol::tcp)
    return flow.facts_are_final() || (answered && (flow.protocol != Protocol::unknown || speaks_unknown_text(flow)));
  return flow.facts_are_final() && (answered || flow.packets[index_of(flow.client)] >= kDatagramsWithoutAnswer);
}

// A flow that is judged and known for what it is may be evicted before one that is not.
void Worker::Stages::leave_pending(Flow& flow) {
  if (!is_pending(flow.list)) return;
  const bool inspected_in_vain = flow.key.ip_protocol != ip_protocol::tcp && flow.inspection == nullptr;
  const bool known = flow.facts_are_final() || flow.blocked_for_good() || inspected_in_vain ||
                     flow.protocol != Protocol::unknown || speaks_unknown_text(flow);
  if (flow.facts != Facts::given_up && (!flow.decided() || !known)) return;
  table_.move_to(flow, flow.list == FlowList::pending_brief ? FlowList::judged_brief : FlowList::judged_tcp,
                 flow.last_seen);
}

// What is given up here is another flow's than the packet's, as a rule.
void Worker::Stages::keep_within_memory() {
  while (Flow* flow = pool_.next_to_give_up()) {
    judge_.give_up(*flow, Moment::of(*flow, table_.record_of(*flow)));
    pool_.take_back(*flow);
    leave_pending(*flow);
  }
}

// Whether what follows must not be judged as if it were a beginning: the flow is blocked, or a part of what would have
// been judged has passed. That a block holds no longer than its flow may be silent is as it should be.
bool Worker::Stages::may_not_come_back(const Flow& flow, EndReason reason) {
  if (reason != EndReason::evicted && reason != EndReason::timed_out) return false;
  if (flow.blocked_for_good()) return reason == EndReason::evicted;
  if (flow.unjudged()) return true;
  if (flow.standing == Standing::whole_flow || flow.inspection == nullptr) return false;
  if (flow.inspection->quic != nullptr) return flow.inspection->quic->hello_is_under_way();
  if (flow.inspection->dtls != nullptr) return !flow.inspection->dtls->empty();
  const StreamInspection& said = flow.inspection->streams[index_of(flow.client)];
  const bool begun = reason == EndReason::evicted ? said.mode != StreamMode::resync : said.prefix.exact();
  return begun && !said.prefix.empty();
}

// Counts and tells of a flow that ends; its place in the table is still taken.
void Worker::Stages::take_leave(Flow& flow, EndReason reason) {
  judge_.take_newest_learned_name(flow);
  ledger_.close(flow, reason);
  pool_.take_back(flow);
}

void Worker::Stages::end_flow(Flow& flow, EndReason reason, Time now) {
  if (may_not_come_back(flow, reason)) lost_like(flow).add(table_.hash_of(flow.key), now);
  take_leave(flow, reason);
  table_.remove(flow);
}

RecentlyLost& Worker::Stages::lost_like(const Flow& flow) {
  return flow.key.ip_protocol == ip_protocol::tcp ? lost_tcp_ : lost_brief_;
}

}  // namespace netscope
