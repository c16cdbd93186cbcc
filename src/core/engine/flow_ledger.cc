#include "core/engine/flow_ledger.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace netscope {
namespace {

// 41 bits of number below 12 bits of worker: ids stay below 2^53, where JSON readers are still exact.
constexpr int kFlowNumberBits = 41;

// Whether what the flow sent suffices to tell what it is.
bool told_enough(const Flow& flow) {
  if (flow.inspection != nullptr && flow.inspection->quic != nullptr) return flow.inspection->quic->understood;
  return flow.protocol != Protocol::unknown || flow.facts_are_final() || flow.key.ip_protocol != ip_protocol::tcp ||
         (speaks_unknown_text(flow) && flow.spoke[index_of(opposite(flow.client))]);
}

}  // namespace

FlowLedger::FlowLedger(const RuleSet& rules, const WorkerOptions& options, const FlowTable& table)
    : table_(table),
      recording_(options.recording),
      flow_id_base_(options.flow_id_base),
      statistics_(rules.rules().size(), rules.catalogue().apps().size(), kWorkerTableSize),
      counted_(options.recording.open_flows ? table.capacity() : 0),
      log_hits_(rules.rules().size()) {}

void FlowLedger::trace(const Flow& flow) {
  if (!recording_.packets) return;
  traces_.back() = {
      .flow = table_.record_of(flow).first_number, .rule = flow.deciding_rule(), .decided = flow.decided()};
}

void FlowLedger::trace(const Decision& decision) {
  if (recording_.packets) traces_.back() = {.rule = decision.rule, .decided = true};
}

void FlowLedger::packet(const Packet& packet) {
  if (recording_.packets) traces_.emplace_back();
  statistics_.add_packet(packet.kind, packet.key.version, packet.key.ip_protocol, packet.size_on_wire);
}

void FlowLedger::verdict(const Packet& packet, Action action) {
  statistics_.add_verdict(action, packet.size_on_wire);
  if (recording_.tables) statistics_.timeline.add(packet.time, packet.size_on_wire, action != Action::accept);
}

void FlowLedger::matched(RuleIndex rule, const Packet& packet) {
  RuleTally& tally = statistics_.of_rule(rule);
  tally.matched.add(packet.size_on_wire);
  tally.last_hit = std::max(tally.last_hit, packet.time);
}

void FlowLedger::blocked(BlockedBy why) {
  switch (why) {
    case BlockedBy::rule: ++statistics_.reasons.rules; break;
    case BlockedBy::default_policy: ++statistics_.reasons.default_policy; break;
    case BlockedBy::flow: ++statistics_.reasons.flow_drop; break;
    case BlockedBy::unparsed: ++statistics_.reasons.unparsed; break;
    case BlockedBy::unjudged: ++statistics_.reasons.unjudged; break;
  }
}

void FlowLedger::decided(const Flow& flow, const Moment& moment, const Decision& decision, const Question& question) {
  ++statistics_.of_rule(decision.rule).flows;
  if (!decision.blocks() || !recording_.messages || table_.record_of(flow).blocked_packets != 0) return;
  Event event = event_of(flow, EventKind::drop);
  event.time = moment.time;
  event.number = moment.number;
  event.size = moment.size;
  const Protocol shown_by = question.source == NameSource::dns ? Protocol::unknown : question.protocol;
  if (!question.name.empty()) event.shown.names = {{std::string(question.name), shown_by}};
  events_.push_back(std::move(event));
}

void FlowLedger::close(Flow& flow, EndReason reason) {
  FlowState state = flow.state;
  const bool silent_end = flow.key.ip_protocol != ip_protocol::tcp && reason == EndReason::timed_out;
  const bool known = told_enough(flow);
  if ((flow.spoke[0] || flow.spoke[1]) && !known) {
    state = FlowState::incomplete;
  } else if (state != FlowState::incomplete && (flow.closed_by_tcp() || silent_end)) {
    state = FlowState::closed;
  }
  if (reason == EndReason::evicted) {
    ++statistics_.evicted;
    if (is_pending(flow.list)) ++statistics_.evicted_pending;
  }
  CountedFlow counted = counted_.empty() ? CountedFlow{} : std::exchange(counted_[table_.place_of(flow)], {});
  count_flow(flow, state, counted);
  const Tally whole{.packets = counted.packets, .bytes = counted.bytes, .flows = 1, .blocked = counted.blocked};
  statistics_.protocols[static_cast<std::size_t>(flow.protocol)] += whole;
  if (!recording_.flows) return;
  Event event = flow_event(flow, state);
  event.timed_out = reason == EndReason::timed_out || reason == EndReason::evicted;
  if (flow.shown != nullptr) event.shown = std::move(*flow.shown);
  events_.push_back(std::move(event));
}

void FlowLedger::count_flow(const Flow& flow, FlowState state, CountedFlow& counted) {
  const IpAddress client = flow.key.source(flow.client).address;
  const FlowTraits traits{.client = client,
                          .ip_protocol = flow.key.ip_protocol,
                          .state = state,
                          .app = flow.app,
                          .names = flow.shown == nullptr ? 0 : flow.shown->names.size(),
                          .in_tables = recording_.tables};
  const Tally all{.packets = std::uint64_t{flow.packets[0]} + flow.packets[1],
                  .bytes = flow.bytes[0] + flow.bytes[1],
                  .flows = 1,
                  .blocked = table_.record_of(flow).blocked_packets};
  statistics_.add_flow(traits, all, counted,
                       [&](std::size_t i) { return std::string_view(flow.shown->names[i].name); });
}

std::uint32_t FlowLedger::count_open(std::uint32_t place, std::uint32_t count) {
  if (counted_.empty()) return 0;
  return table_.visit_from(place, count, [this](const Flow& flow) {
    CountedFlow& counted = counted_[table_.place_of(flow)];
    const std::uint64_t packets = std::uint64_t{flow.packets[0]} + flow.packets[1];
    if (counted.any && counted.packets == packets && counted.app == flow.app) return;
    const bool closed = flow.state != FlowState::incomplete && flow.closed_by_tcp();
    count_flow(flow, closed ? FlowState::closed : flow.state, counted);
  });
}

Event FlowLedger::event_of(const Flow& flow, EventKind kind) const {
  const FlowRecord& record = table_.record_of(flow);
  Event event;
  event.kind = kind;
  event.flow_id =
      flow_id_base_ << kFlowNumberBits | (record.first_number & ((std::uint64_t{1} << kFlowNumberBits) - 1));
  event.client = flow.key.source(flow.client);
  event.server = flow.key.source(opposite(flow.client));
  event.ip_protocol = flow.key.ip_protocol;
  event.protocol = flow.protocol;
  event.service = flow.service;
  event.app = flow.app;
  event.decided = flow.decided();
  event.decision = {.action = flow.action, .rule = flow.deciding_rule()};
  event.start = record.first_seen;
  event.end = flow.last_seen;
  event.packets_to_server = flow.packets[index_of(flow.client)];
  event.packets_to_client = flow.packets[index_of(opposite(flow.client))];
  event.bytes_to_server = flow.bytes[index_of(flow.client)];
  event.bytes_to_client = flow.bytes[index_of(opposite(flow.client))];
  event.blocked_packets = record.blocked_packets;
  return event;
}

Event FlowLedger::flow_event(const Flow& flow, FlowState state) const {
  Event event = event_of(flow, EventKind::flow);
  event.state = state;
  event.time = flow.last_seen;
  event.number = table_.record_of(flow).first_number;
  return event;
}

std::uint32_t FlowLedger::tell(std::uint32_t place, std::uint32_t count, Time since, std::vector<Event>& out) const {
  return table_.visit_from(place, count, [&](const Flow& flow) {
    if (flow.last_seen <= since) return;
    out.push_back(flow_event(flow, flow.state));
    if (flow.shown != nullptr) out.back().shown = *flow.shown;
  });
}

void FlowLedger::message(const Flow& flow, const Moment& moment, const Sighting& sighting, std::string_view ja4) {
  ++statistics_.messages[static_cast<std::size_t>(sighting.protocol)];
  if (!recording_.messages || info_of(sighting.protocol).event.empty()) return;
  Event event = event_of(flow, EventKind::message);
  event.time = moment.time;
  event.number = moment.number;
  event.protocol = sighting.protocol;
  if (!sighting.name.empty()) event.shown.names = {{std::string(sighting.name.view()), sighting.protocol}};
  event.shown.hello = {.alpn = std::string(sighting.hello.alpn),
                       .ja4 = std::string(ja4),
                       .quic_version = sighting.hello.quic_version,
                       .tls_version = sighting.hello.tls_version,
                       .encrypted = sighting.hello.encrypted};
  event.method = sighting.method;
  event.target = sighting.target;
  event.user_agent = sighting.user_agent;
  event.dns_id = sighting.dns_id;
  event.dns_type = sighting.dns_type;
  event.dns_rcode = sighting.dns_rcode;
  event.dns_response = sighting.dns_response;
  events_.push_back(std::move(event));
}

void FlowLedger::follow_rules(const RuleSet& before, const RuleSet& now) {
  std::unordered_map<std::string_view, RuleIndex> places;
  for (std::size_t i = 0; i < before.rules().size(); ++i) places[before.rules()[i].name] = static_cast<RuleIndex>(i);
  std::vector<RuleTally> tallies(now.rules().size());
  std::vector<std::uint64_t> log_hits(now.rules().size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const auto same = places.find(now.rules()[i].name);
    if (same == places.end()) continue;
    tallies[i] = statistics_.rules[same->second];
    log_hits[i] = log_hits_[same->second];
  }
  statistics_.rules = std::move(tallies);
  log_hits_ = std::move(log_hits);
}

}  // namespace netscope
