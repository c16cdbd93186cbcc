// Counting and reporting: what the packets were, what became of them, and how flows ended.

#include <algorithm>

#include "netscope/engine/worker.h"

namespace netscope {
namespace {

// 41 bits of number below 12 bits of worker: ids stay below 2^53, where JSON readers are still exact.
constexpr int kFlowNumberBits = 41;

// Whether what the flow sent suffices to tell what it is.
bool told_enough(const Flow& flow) {
  if (flow.inspection != nullptr && flow.inspection->quic != nullptr) return flow.inspection->quic->understood;
  return flow.protocol != Protocol::unknown || flow.facts_are_final() || flow.key.ip_protocol != ip_protocol::tcp;
}

}  // namespace

void Worker::trace(const Flow& flow) {
  if (!options_.recording.packets) return;
  traces_.back() = {
      .flow = table_.record_of(flow).first_number, .rule = flow.deciding_rule(), .decided = flow.decided()};
}

void Worker::count_headers(const Packet& packet) {
  const std::uint64_t size = packet.size_on_wire;
  statistics_.all.add(size);
  switch (packet.kind) {
    case PacketKind::not_ip: statistics_.not_ip.add(size); return;
    case PacketKind::malformed: statistics_.malformed.add(size); return;
    case PacketKind::cut_off: statistics_.cut_off.add(size); return;
    case PacketKind::fragment: statistics_.fragments.add(size); break;
    case PacketKind::of_flow:
    case PacketKind::quoting: break;
  }
  (packet.key.version == IpVersion::v4 ? statistics_.ipv4 : statistics_.ipv6).add(size);
  if (packet.kind == PacketKind::quoting) return statistics_.icmp.add(size);
  switch (packet.key.ip_protocol) {
    case ip_protocol::tcp: statistics_.tcp.add(size); break;
    case ip_protocol::udp: statistics_.udp.add(size); break;
    case ip_protocol::icmp:
    case ip_protocol::icmp_v6: statistics_.icmp.add(size); break;
    default: statistics_.other.add(size); break;
  }
}

void Worker::count_verdict(const Packet& packet, Action action) {
  switch (action) {
    case Action::accept: statistics_.accepted.add(packet.size_on_wire); break;
    case Action::drop: statistics_.dropped.add(packet.size_on_wire); break;
    case Action::reject: statistics_.rejected.add(packet.size_on_wire); break;
  }
  if (options_.recording.tables) statistics_.timeline.add(packet.time, packet.size_on_wire, action != Action::accept);
}

RuleTally& Worker::tally_of(RuleIndex rule) {
  return rule < statistics_.rules.size() ? statistics_.rules[rule] : statistics_.default_rule;
}

void Worker::end_flow(Flow& flow, EndReason reason) {
  take_leave(flow, reason);
  table_.remove(flow);
}

void Worker::take_leave(Flow& flow, EndReason reason) {
  take_newest_learned_name(flow);
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
    if (flow.list == FlowList::pending_tcp || flow.list == FlowList::pending_brief) ++statistics_.evicted_pending;
  }
  Counted counted = counted_.empty() ? Counted{} : std::exchange(counted_[table_.place_of(flow)], {});
  count_flow(flow, state, counted);
  const Tally whole{.packets = counted.packets, .bytes = counted.bytes, .flows = 1, .blocked = counted.blocked};
  statistics_.protocols[static_cast<std::size_t>(flow.protocol)] += whole;
  if (options_.recording.flows) {
    Event event = event_of(flow, EventKind::flow);
    event.state = state;
    event.timed_out = reason == EndReason::timed_out || reason == EndReason::evicted;
    event.time = flow.last_seen;
    event.number = table_.record_of(flow).first_number;
    if (flow.shown != nullptr) event.shown = std::move(*flow.shown);
    events_.push_back(std::move(event));
  }
  give_inspection_back(flow);
}

// Counts of a flow what is not counted yet: all of it where nothing is. What came before the first name, or before the
// application was known, is theirs as well; from one name to another, what was counted stays where it is, so that no
// number ever falls but those of the states.
void Worker::count_flow(const Flow& flow, FlowState state, Counted& counted) {
  const Tally all{.packets = std::uint64_t{flow.packets[0]} + flow.packets[1],
                  .bytes = flow.bytes[0] + flow.bytes[1],
                  .flows = 1,
                  .blocked = table_.record_of(flow).blocked_packets};
  const Tally added{.packets = all.packets - counted.packets,
                    .bytes = all.bytes - counted.bytes,
                    .flows = counted.any ? 0u : 1u,
                    .blocked = all.blocked - counted.blocked};
  if (counted.any) {
    --statistics_.flows[static_cast<std::size_t>(counted.state)];
  } else {
    ++statistics_.flows_total;
    if (flow.key.ip_protocol == ip_protocol::tcp) ++statistics_.flows_tcp;
    if (flow.key.ip_protocol == ip_protocol::udp) ++statistics_.flows_udp;
  }
  ++statistics_.flows[static_cast<std::size_t>(state)];
  if (flow.app < statistics_.apps.size()) {
    Tally of_app = counted.app == kNoApp ? all : added;
    of_app.flows = counted.app == flow.app ? 0 : 1;
    statistics_.apps[flow.app] += of_app;
  }
  if (options_.recording.tables) {
    statistics_.clients.add(flow.key.source(flow.client).address, added);
    if (flow.shown != nullptr && !flow.shown->names.empty()) count_names(flow, all, added, counted);
  }
  counted = {.packets = all.packets,
             .bytes = all.bytes,
             .blocked = all.blocked,
             .app = flow.app,
             .names = static_cast<std::uint16_t>(flow.shown == nullptr ? 0 : flow.shown->names.size()),
             .state = state,
             .any = true};
}

// Packets count for the last name, which is the one that was blocked where one was; the others show that they
// occurred.
void Worker::count_names(const Flow& flow, const Tally& all, const Tally& added, const Counted& counted) {
  const std::vector<SeenName>& names = flow.shown->names;
  const Tally& of_last = counted.names == 0 ? all : added;
  for (std::size_t i = std::min<std::size_t>(counted.names, names.size() - 1); i < names.size(); ++i) {
    Tally tally = i + 1 == names.size() ? of_last : Tally{};
    tally.flows = i < counted.names ? 0 : 1;
    statistics_.domains.add(names[i].name, tally);
  }
  const IpAddress client = flow.key.source(flow.client).address;
  statistics_.edges.add(EdgeView{.client = client, .app = flow.app, .domain = names.back().name}, of_last);
}

std::uint32_t Worker::count_open_flows(std::uint32_t place, std::uint32_t count) {
  if (counted_.empty()) return 0;
  return table_.visit_from(place, count, [this](const Flow& flow) {
    Counted& counted = counted_[table_.place_of(flow)];
    const std::uint64_t packets = std::uint64_t{flow.packets[0]} + flow.packets[1];
    if (counted.any && counted.packets == packets && counted.app == flow.app) return;
    const bool closed = flow.state != FlowState::incomplete && flow.closed_by_tcp();
    count_flow(flow, closed ? FlowState::closed : flow.state, counted);
  });
}

Event Worker::event_of(const Flow& flow, EventKind kind) const {
  const FlowRecord& record = table_.record_of(flow);
  Event event;
  event.kind = kind;
  event.flow_id =
      options_.flow_id_base << kFlowNumberBits | (record.first_number & ((std::uint64_t{1} << kFlowNumberBits) - 1));
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

std::uint32_t Worker::tell_flows(std::uint32_t place, std::uint32_t count, Time since, std::vector<Event>& out) const {
  return table_.visit_from(place, count, [&](const Flow& flow) {
    if (flow.last_seen <= since) return;
    Event event = event_of(flow, EventKind::flow);
    event.state = flow.state;
    event.time = flow.last_seen;
    event.number = table_.record_of(flow).first_number;
    if (flow.shown != nullptr) event.shown = *flow.shown;
    out.push_back(std::move(event));
  });
}

void Worker::record_message(const Flow& flow, const Moment& moment, const Sighting& sighting, std::string_view ja4) {
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

}  // namespace netscope
