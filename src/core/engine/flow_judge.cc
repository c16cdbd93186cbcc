#include "core/engine/flow_judge.h"

#include <utility>
#include <vector>

#include "core/dpi/dns.h"
#include "core/dpi/ja4.h"

namespace netscope {

FlowJudge::FlowJudge(std::shared_ptr<const RuleSet> rules, const WorkerOptions& options, FlowTable& table,
                     FlowLedger& ledger)
    : rules_(std::move(rules)),
      learned_names_(options.learned_names),
      recording_(options.recording),
      resolvers_(rules_->catalogue().category_named("dns")),
      table_(table),
      ledger_(ledger) {}

Question FlowJudge::question_of(const Flow& flow) const {
  const Endpoint server = flow.key.source(opposite(flow.client));
  Question question = rules_->question({.client = flow.key.source(flow.client).address,
                                        .server = server.address,
                                        .server_port = server.port,
                                        .ip_protocol = flow.key.ip_protocol});
  question.protocol = flow.protocol;
  question.service = flow.service;
  if (flow.shown != nullptr) question.ja4 = flow.shown->hello.ja4;
  question.final = flow.facts_are_final();
  return question;
}

void FlowJudge::hear(Flow& flow, const Moment& moment, Direction from, const Sighting& sighting) {
  if (sighting.unreadable) return hear_unreadable(flow, moment, sighting);
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
  rules_->name(question, sighting.name.view(), name_source(sighting.protocol));
  question.encrypted_hello = sighting.hello.encrypted;
  question.dns_type = sighting.dns_type;
  // A server's hello shows the protocol, and leaves the name to come.
  const bool server_speaks = sighting.side == Sighting::Side::server && !is_dns_family(sighting.protocol);
  const bool whole = sighting.complete && !server_speaks;
  question.final = question.final || whole;
  if (question.app != kNoApp) flow.app = question.app;
  question.service = service_of(sighting, question);
  if (question.service != Protocol::unknown) flow.service = question.service;
  decide(flow, moment, question);
  if (whole) ledger_.message(flow, moment, sighting, ja4);
}

void FlowJudge::hear_unreadable(Flow& flow, const Moment& moment, const Sighting& sighting) {
  if (flow.protocol == Protocol::unknown) flow.protocol = sighting.protocol;
  Question question = question_of(flow);
  question.unreadable = sighting.protocol == Protocol::dns;
  question.final = true;
  decide(flow, moment, question);
}

// What the message says that it is for; or else its port (RFC 7858, RFC 9250) and the name of a resolver.
Protocol FlowJudge::service_of(const Sighting& sighting, const Question& question) const {
  constexpr std::uint16_t kEncryptedDnsPort = 853;
  const bool quic = sighting.protocol == Protocol::quic;
  if (sighting.service != Protocol::unknown || (!quic && sighting.protocol != Protocol::tls)) return sighting.service;
  if (sighting.hello.alpn == "dot" || sighting.hello.alpn == "doq" || question.ends.server_port == kEncryptedDnsPort) {
    return quic ? Protocol::doq : Protocol::dot;
  }
  return resolvers_ && question.category == *resolvers_ ? Protocol::doh : Protocol::unknown;
}

void FlowJudge::remember_name(Flow& flow, const Sighting& sighting) {
  if (!flow.named) ledger_.named();
  flow.named = true;
  if (!recording_.names()) return;
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  ShownFacts& known = *flow.shown;
  if (!known.names.empty() && known.names.front().protocol == Protocol::unknown) {
    known.names.clear();  // it was only learned
    ledger_.unlearned();
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
std::string FlowJudge::fingerprint(Flow& flow, const Sighting& sighting) const {
  if (sighting.hello.message.empty() || !(recording_.fingerprints() || rules_->asks_for_ja4())) return {};
  const auto over = sighting.protocol == Protocol::quic   ? tls::HelloOver::quic
                    : sighting.protocol == Protocol::dtls ? tls::HelloOver::dtls
                                                          : tls::HelloOver::tcp;
  std::string ja4 = tls::ja4_of(sighting.hello.message, over);
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  if (flow.shown->hello.ja4.empty()) flow.shown->hello.ja4 = ja4;
  return ja4;
}

void FlowJudge::take_over(Flow& flow, const HelloFacts& hello) const {
  if (!recording_.names() && hello.ja4.empty()) return;
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();  // it may have a name from DNS
  flow.shown->hello.alpn = hello.alpn;
  flow.shown->hello.ja4 = hello.ja4;
  flow.shown->hello.encrypted = hello.encrypted;
}

// --- asking

// Asks the rules, unless the flow is blocked already: a block is never taken back by a later name.
void FlowJudge::decide(Flow& flow, const Moment& moment, const Question& question) {
  if (flow.blocked()) return;
  Question asked = question;
  if (question.final && question.name.empty() && takes_learned_name(flow) &&
      blocked_by_learned_name(flow, moment, asked)) {
    return;
  }
  if (const std::optional<Decision> decision = rules_->decide(asked)) settle(flow, moment, *decision, asked);
}

void FlowJudge::ask_as_final(Flow& flow, const Moment& moment) {
  Question question = question_of(flow);
  question.final = true;
  decide(flow, moment, question);
}

void FlowJudge::ask_for_now(Flow& flow, const Moment& moment) {
  ask_as_final(flow, moment);
  if (flow.decided() && !flow.blocked()) flow.standing = Standing::this_packet;
}

void FlowJudge::block_if_unknown_is_blocked(Flow& flow, const Moment& moment) {
  Question question = question_of(flow);
  question.final = true;
  if (const auto decision = rules_->decide(question); decision && decision->blocks()) {
    settle(flow, moment, *decision, question);
  }
}

void FlowJudge::block_by_outer(Flow& flow, const Packet& packet) {
  if (flow.decided()) return;
  Question question = rules_->question({.client = packet.outer->source,
                                        .server = packet.outer->destination,
                                        .server_port = packet.outer->destination_port,
                                        .ip_protocol = packet.outer->ip_protocol});
  question.final = true;
  if (const auto decision = rules_->decide(question); decision && decision->blocks()) {
    settle(flow, Moment::of(packet), *decision, question);
    flow.standing = Standing::whole_flow;
  }
}

void FlowJudge::finish_facts(Flow& flow, const Moment& moment) {
  flow.facts = Facts::final;
  if (!flow.decided()) decide(flow, moment, question_of(flow));
  if (flow.decided()) flow.standing = Standing::whole_flow;
  take_newest_learned_name(flow);
}

void FlowJudge::give_up(Flow& flow, const Moment& moment) {
  if (flow.facts == Facts::given_up) return;
  flow.facts = Facts::given_up;
  ledger_.given_up();
  if (flow.blocked() || flow.standing == Standing::whole_flow) return;
  flow.standing = Standing::undecided;
  ask(flow, moment);
  if (!flow.decided()) block_if_unknown_is_blocked(flow, moment);
  if (!flow.decided()) flow.state = FlowState::incomplete;
}

void FlowJudge::judge_again(Flow& flow) {
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
      rules_->name(question, seen.name, name_source(seen.protocol));
      if (question.app != kNoApp) flow.app = question.app;
      if (!asks_per_datagram) decide(flow, last, question);
    }
  }
  if (asks_per_datagram) return;
  if (!flow.decided()) decide(flow, last, question);
  if (flow.decided() && flow.facts_are_final()) flow.standing = Standing::whole_flow;
}

std::optional<Decision> FlowJudge::judge_ends(const Packet& packet) const {
  const Endpoint server = packet.key.source(opposite(packet.direction));
  return rules_->decide(rules_->question({.client = packet.key.source(packet.direction).address,
                                          .server = server.address,
                                          .server_port = server.port,
                                          .ip_protocol = packet.key.ip_protocol}));
}

Decision FlowJudge::judge_quoted(const Packet& packet) const {
  Question question =
      rules_->question({.client = packet.key.source(packet.direction).address,
                        .server = packet.key.source(opposite(packet.direction)).address,
                        .ip_protocol = packet.key.version == IpVersion::v4 ? ip_protocol::icmp : ip_protocol::icmp_v6});
  question.final = true;
  return rules_->decide(question).value_or(Decision{});
}

void FlowJudge::settle(Flow& flow, const Moment& moment, const Decision& decision, const Question& question) {
  const bool changed = flow.rule != decision.rule;
  flow.action = decision.action;
  flow.rule = decision.rule;
  flow.standing = standing_after(flow, decision, question);
  if (!changed) return;
  rules_->count_logged(question, decision, ledger_.log_hits());
  ledger_.decided(flow, moment, decision, question);
}

// What leaned on a name holds as long as no other name can follow; a block of a connection holds for good.
Standing FlowJudge::standing_after(const Flow& flow, const Decision& decision, const Question& question) {
  const bool asks_per_datagram = flow.key.ip_protocol != ip_protocol::tcp && question.protocol != Protocol::quic &&
                                 (is_dns_family(flow.protocol) || dns::is_port_of(flow.key));
  const bool for_good =
      !decision.leaned_on_name || (!asks_per_datagram && (decision.blocks() || flow.facts_are_final()));
  return for_good ? Standing::whole_flow : Standing::this_packet;
}

// --- names that a flow does not show, but its server's address has: an answer of DNS told them to its client before
// the flow began. They stand in only where nothing is left to hope for, and never beside a name of the flow's own. Each
// of an address's names may block, since nobody knows which of them the flow is for; none can make a block undone.

// Questions to a DNS server are not about the server.
bool FlowJudge::takes_learned_name(const Flow& flow) const {
  return learned_names_ != nullptr && !learned_names_->empty() && !flow.named && !is_dns_family(flow.protocol) &&
         !dns::is_port_of(flow.key);
}

// Whether one of the names blocks the flow, or one that its client was told at another address. If none does,
// `question` is left with the newest that it was told at this one.
bool FlowJudge::blocked_by_learned_name(Flow& flow, const Moment& moment, Question& question) {
  const IpAddress client = flow.key.source(flow.client).address;
  const IpAddress server = flow.key.source(opposite(flow.client)).address;
  bool blocked = false;
  std::string_view newest;
  const auto ask = [&](std::string_view name) { rules_->name(question, name, NameSource::dns); };
  const FlowRecord& record = table_.record_of(flow);
  const auto block_by = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (blocked) return;
      ask(name);
      const auto decision = rules_->decide(question);
      if (!decision || !decision->blocks()) continue;
      take_learned_name(flow, name);
      settle(flow, moment, *decision, question);
      blocked = true;
    }
  };
  learned_names_->for_each(client, server, record.first_seen, record.first_number,
                           [&](const std::vector<std::string>& names) {
                             newest = names.front();
                             block_by(names);
                           });
  if (record.opener == flow.client && !blocked) {
    learned_names_->for_each_elsewhere(record.sender, client, server, record.first_seen, record.first_number, block_by);
  }
  if (!blocked) ask(newest);
  return blocked;
}

void FlowJudge::take_newest_learned_name(Flow& flow) {
  if (!recording_.names() || !takes_learned_name(flow)) return;
  if (flow.shown != nullptr && !flow.shown->names.empty()) return;
  const IpAddress client = flow.key.source(flow.client).address;
  const IpAddress server = flow.key.source(opposite(flow.client)).address;
  std::string_view newest;
  const FlowRecord& record = table_.record_of(flow);
  learned_names_->for_each(client, server, record.first_seen, record.first_number,
                           [&](const std::vector<std::string>& names) { newest = names.front(); });
  if (!newest.empty()) take_learned_name(flow, newest);
}

void FlowJudge::take_learned_name(Flow& flow, std::string_view name) {
  if (flow.app == kNoApp) flow.app = rules_->catalogue().find(name);
  if (!recording_.names()) return;
  if (flow.shown == nullptr) flow.shown = std::make_unique<ShownFacts>();
  if (flow.shown->names.empty()) ledger_.learned();
  flow.shown->names.assign(1, {std::string(name), Protocol::unknown});
}

}  // namespace netscope
