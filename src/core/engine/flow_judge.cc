// From payload to facts to decisions.

#include <algorithm>

#include "core/dpi/dns.h"
#include "core/dpi/ja4.h"
#include "netscope/engine/worker.h"

namespace netscope {
Question Worker::question_of(const Flow& flow) const {
  const Endpoint server = flow.key.source(opposite(flow.client));
  return {
      .client = flow.key.source(flow.client).address,
      .server = server.address,
      .server_port = server.port,
      .ip_protocol = flow.key.ip_protocol,
      .protocol = flow.protocol,
      .service = flow.service,
      .ja4 = flow.shown == nullptr ? std::string_view{} : flow.shown->hello.ja4,
      .final = flow.facts_are_final(),
  };
}

bool Worker::inspect(Flow& flow, const Packet& packet) {
  switch (flow.key.ip_protocol) {
    case ip_protocol::tcp: return inspect_tcp(flow, packet);
    case ip_protocol::udp:
    case ip_protocol::udp_lite: inspect_datagram(flow, packet); break;
    default:
      if (!flow.facts_are_final()) finish_facts(flow, Moment::of(packet));
      break;
  }
  return true;
}

// What the packet showed becomes the flow's, and the rules are asked again.
void Worker::hear(Flow& flow, const Moment& moment, Direction from, const Sighting& sighting) {
  const bool first = flow.protocol == Protocol::unknown;
  const bool behind_proxy = flow.protocol == Protocol::http || flow.protocol == Protocol::socks;
  const bool tunnel_inside = (behind_proxy && sighting.protocol == Protocol::tls) ||
                             (flow.protocol == Protocol::socks && sighting.protocol == Protocol::http) ||
                             (flow.protocol == Protocol::stun && sighting.protocol == Protocol::dtls);
  if (first || tunnel_inside) flow.protocol = sighting.protocol;
  if (flow.state != FlowState::closed) flow.state = FlowState::classified;
  if (!flow.client_known && sighting.side != Sighting::Side::either) {
    flow.client = sighting.side == Sighting::Side::client ? from : opposite(from);
    flow.client_known = true;
  }
  if (!sighting.name.empty()) remember_name(flow, sighting);
  const std::string ja4 = fingerprint(flow, sighting);
  Question question = question_of(flow);
  if (!ja4.empty()) question.ja4 = ja4;
  question.protocol = sighting.protocol;
  question.name = sighting.name.view();
  question.app = question.name.empty() ? kNoApp : rules_->catalogue().find(question.name);
  question.source = name_source(sighting.protocol);
  question.encrypted_hello = sighting.hello.encrypted;
  question.dns_type = sighting.dns_type;
  // A server's hello shows the protocol, and leaves the name to come.
  const bool server_speaks = sighting.side == Sighting::Side::server && !is_dns_family(sighting.protocol);
  if (sighting.complete && !server_speaks) ++statistics_.messages[static_cast<std::size_t>(sighting.protocol)];
  question.final = question.final || (sighting.complete && !server_speaks);
  if (question.app != kNoApp) flow.app = question.app;
  question.service = service_of(sighting, question);
  if (question.service != Protocol::unknown) flow.service = question.service;
  decide(flow, moment, question);
  const bool is_event = !info_of(sighting.protocol).event.empty();
  if (options_.recording.messages && sighting.complete && !server_speaks && is_event) {
    record_message(flow, moment, sighting, ja4);
  }
}

// What the message says that it is for; or else its port (RFC 7858, RFC 9250) and the name of a resolver.
Protocol Worker::service_of(const Sighting& sighting, const Question& question) const {
  constexpr std::uint16_t kEncryptedDnsPort = 853;
  const bool quic = sighting.protocol == Protocol::quic;
  if (sighting.service != Protocol::unknown || (!quic && sighting.protocol != Protocol::tls)) return sighting.service;
  if (sighting.hello.alpn == "dot" || sighting.hello.alpn == "doq" || question.server_port == kEncryptedDnsPort) {
    return quic ? Protocol::doq : Protocol::dot;
  }
  const CategoryId category = rules_->catalogue().category_of(question.app);
  return resolvers_ && category == *resolvers_ ? Protocol::doh : Protocol::unknown;
}

void Worker::remember_name(Flow& flow, const Sighting& sighting) {
  if (!flow.named) ++statistics_.names;
  flow.named = true;
  if (!options_.recording.names()) return;
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  ShownFacts& known = *flow.shown;
  if (!known.names.empty() && known.names.front().protocol == Protocol::unknown) {
    known.names.clear();  // it was only learned
    --statistics_.learned_names;
  }
  if (sighting.protocol == Protocol::quic) known.hello.quic_version = sighting.hello.quic_version;
  if ((sighting.protocol == Protocol::tls || sighting.protocol == Protocol::quic) && sighting.complete) {
    known.hello.alpn = sighting.hello.alpn;
    known.hello.tls_version = sighting.hello.tls_version;
    known.hello.encrypted = sighting.hello.encrypted;
  }
  const std::string_view name = sighting.name.view();
  for (const SeenName& seen : known.names) {
    if (seen.name == name && seen.protocol == sighting.protocol) return;
  }
  if (known.names.size() == kMaxNamesPerFlow) {
    known.more = true;
    return;
  }
  known.names.push_back({std::string(name), sighting.protocol});
}

// Of a hello that is all there, where somebody wants to know.
std::string Worker::fingerprint(Flow& flow, const Sighting& sighting) const {
  if (sighting.hello.message.empty() || !(options_.recording.fingerprints() || rules_->asks_for_ja4())) return {};
  const auto over = sighting.protocol == Protocol::quic   ? tls::HelloOver::quic
                    : sighting.protocol == Protocol::dtls ? tls::HelloOver::dtls
                                                          : tls::HelloOver::tcp;
  std::string ja4 = tls::ja4_of(sighting.hello.message, over);
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  if (flow.shown->hello.ja4.empty()) flow.shown->hello.ja4 = ja4;
  return ja4;
}

// Asks the rules, unless the flow is blocked already: a block is never taken back by a later name.
void Worker::decide(Flow& flow, const Moment& moment, const Question& question) {
  if (flow.blocked()) return;
  Question asked = question;
  if (question.final && question.name.empty() && takes_learned_name(flow) &&
      blocked_by_learned_name(flow, moment, asked)) {
    return;
  }
  if (const std::optional<Decision> decision = rules_->decide(asked)) settle(flow, moment, *decision, asked);
}

// By what is known of the flow: each name that it showed may block it. Datagrams of DNS are asked about one by one.
void Worker::judge_again(Flow& flow) {
  const bool asks_per_datagram = is_dns_family(flow.protocol) && flow.key.ip_protocol != ip_protocol::tcp;
  const bool rejected = flow.decided() && flow.action == Action::reject;
  if (!rejected) table_.record_of(flow).rejected_towards_client = 0;
  flow.standing = Standing::undecided;
  flow.app = kNoApp;
  flow.rule = kNoRule;
  if (flow.facts == Facts::cut_short) flow.facts = Facts::final;  // of a flow that was blocked, nothing more comes
  const Moment last = Moment::of(flow, table_.record_of(flow));
  Question question = question_of(flow);
  question.encrypted_hello = flow.shown != nullptr && flow.shown->hello.encrypted;
  if (flow.shown != nullptr) {
    for (const SeenName& seen : flow.shown->names) {
      if (seen.protocol == Protocol::unknown) continue;  // learned: asked about below
      question.protocol = seen.protocol;
      question.source = name_source(seen.protocol);
      question.name = seen.name;
      question.app = rules_->catalogue().find(question.name);
      if (question.app != kNoApp) flow.app = question.app;
      if (!asks_per_datagram) decide(flow, last, question);
    }
  }
  if (asks_per_datagram) return;
  if (!flow.decided()) decide(flow, last, question);
  if (flow.decided() && flow.facts_are_final()) flow.standing = Standing::whole_flow;
  leave_pending(flow);
}

void Worker::block_by_outer(Flow& flow, const Packet& packet) {
  const Question question{
      .client = packet.outer->source,
      .server = packet.outer->destination,
      .server_port = packet.outer->destination_port,
      .ip_protocol = packet.outer->ip_protocol,
      .final = true,
  };
  if (flow.decided()) return;
  if (const auto decision = rules_->decide(question); decision && decision->blocks()) {
    settle(flow, Moment::of(packet), *decision, question);
    flow.standing = Standing::whole_flow;
  }
}

void Worker::settle(Flow& flow, const Moment& moment, const Decision& decision, const Question& question) {
  const bool changed = flow.rule != decision.rule;
  const bool asks_per_datagram = flow.key.ip_protocol != ip_protocol::tcp && question.protocol != Protocol::quic &&
                                 (is_dns_family(flow.protocol) || dns::is_port_of(flow.key));
  flow.action = decision.action;
  flow.rule = decision.rule;
  // What leaned on a name holds as long as no other name can follow; a block of a connection holds for good.
  const bool for_good =
      !decision.leaned_on_name || (!asks_per_datagram && (decision.blocks() || flow.facts_are_final()));
  flow.standing = for_good ? Standing::whole_flow : Standing::this_packet;
  if (changed) {
    ++tally_of(decision.rule).flows;
    rules_->count_logged(question, decision, log_hits_);
    if (decision.blocks() && options_.recording.messages && table_.record_of(flow).blocked_packets == 0) {
      Event event = event_of(flow, EventKind::drop);
      event.time = moment.time;
      event.number = moment.number;
      event.size = moment.size;
      const Protocol shown_by = question.source == NameSource::dns ? Protocol::unknown : question.protocol;
      if (!question.name.empty()) event.shown.names = {{std::string(question.name), shown_by}};
      events_.push_back(std::move(event));
    }
  }
}

// Nothing more will come to light: unknown now means "there is none", and the rules have an answer.
void Worker::finish_facts(Flow& flow, const Moment& moment) {
  flow.facts = Facts::final;
  if (!flow.decided()) decide(flow, moment, question_of(flow));
  if (flow.decided()) flow.standing = Standing::whole_flow;
  take_newest_learned_name(flow);
}

void Worker::begin_inspection(Flow& flow) {
  if (spare_inspections_.empty()) {
    flow.inspection = std::make_unique<Inspection>();
  } else {
    flow.inspection = std::move(spare_inspections_.back());
    spare_inspections_.pop_back();
  }
  for (const std::size_t direction : {0u, 1u}) {
    const std::uint32_t start = flow.start_sequence[direction];
    if (start == 0) continue;
    flow.inspection->streams[direction].prefix.start(start);
    Readings& said = flow.inspection->readings[direction];
    if (flow.start_confirmed) said.begin(start);
    if (!flow.start_confirmed) said.guess(start);
  }
}

void Worker::count_memory(Inspection& inspection) {
  const std::size_t size = inspection.memory_bytes();
  inspection_bytes_ += size - std::exchange(inspection.counted_bytes, size);
}

void Worker::give_inspection_back(Flow& flow) {
  if (flow.facts == Facts::open) flow.facts = Facts::cut_short;
  if (flow.inspection == nullptr) return;
  inspection_bytes_ -= flow.inspection->counted_bytes;
  if (spare_inspections_.size() < kSpareInspections) {
    flow.inspection->clear();
    spare_inspections_.push_back(std::move(flow.inspection));
  }
  flow.inspection.reset();
}

// A flow that is judged and known for what it is may be evicted before one that is not.
void Worker::leave_pending(Flow& flow) {
  if (flow.list != FlowList::pending_tcp && flow.list != FlowList::pending_brief) return;
  const bool inspected_in_vain = flow.key.ip_protocol != ip_protocol::tcp && flow.inspection == nullptr;
  const bool known =
      flow.facts_are_final() || flow.blocked_for_good() || inspected_in_vain || flow.protocol != Protocol::unknown;
  if (!flow.decided() || !known) return;
  table_.move_to(flow, flow.list == FlowList::pending_tcp ? FlowList::judged_tcp : FlowList::judged_brief,
                 flow.last_seen);
}

// Those whose beginnings have waited longest give their memory back first; where none waits, the one that grew.
void Worker::keep_within_memory(Flow& grown) {
  while (inspection_bytes_ > options_.inspection_bytes) {
    const bool is_tcp = grown.key.ip_protocol == ip_protocol::tcp;
    Flow* oldest = table_.oldest(is_tcp ? FlowList::pending_tcp : FlowList::pending_brief);
    Flow& flow = oldest != nullptr && oldest->inspection != nullptr ? *oldest : grown;
    if (flow.inspection == nullptr) return;
    const bool awaits_hello = flow.inspection->quic != nullptr && !flow.inspection->quic->understood;
    finish_facts(flow, Moment::of(flow, table_.record_of(flow)));
    give_inspection_back(flow);
    if (flow.protocol == Protocol::unknown || awaits_hello) flow.state = FlowState::incomplete;
    leave_pending(flow);
    ++statistics_.given_up;
  }
}

}  // namespace netscope
