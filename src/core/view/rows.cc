#include "netscope/view/rows.h"

#include <algorithm>

#include "core/dpi/tls.h"

namespace netscope {

FlowIndex Rows::add_flow() {
  flows_.emplace_back();
  return static_cast<FlowIndex>(flows_.size() - 1);
}

FlowIndex Rows::open_flow(const Packet& packet) {
  const FlowIndex index = add_flow();
  FlowRow& row = flows_[index];
  row.first_number = packet.number;
  row.ip_protocol = packet.key.ip_protocol;
  row.start = row.end = packet.time;
  row.client = packet.key.source(packet.direction);
  row.server = packet.key.source(opposite(packet.direction));
  row.client_side = packet.direction;
  return index;
}

void Rows::add_message(std::uint64_t number, std::string_view text) {
  messages_.push_back({number, texts_.id_of(text)});
}

void Rows::sort_messages() {
  std::stable_sort(messages_.begin(), messages_.end(),
                   [](const Message& a, const Message& b) { return a.number < b.number; });
}

std::string_view Rows::message_of(std::uint64_t number) const {
  const auto at = std::lower_bound(messages_.begin(), messages_.end(), number,
                                   [](const Message& message, std::uint64_t n) { return message.number < n; });
  return at == messages_.end() || at->number != number ? std::string_view{} : texts_[at->text];
}

ShownRow intern(const ShownFacts& shown, Texts& texts) {
  ShownRow row{.names = {},
               .alpn = texts.id_of(shown.hello.alpn),
               .ja4 = texts.id_of(shown.hello.ja4),
               .quic_version = shown.hello.quic_version,
               .tls_version = shown.hello.tls_version,
               .encrypted = shown.hello.encrypted};
  for (const SeenName& seen : shown.names) row.names.push_back({texts.id_of(seen.name), seen.protocol});
  return row;
}

ShownFacts spell_out(const ShownRow& shown, const Texts& texts) {
  ShownFacts facts;
  facts.hello = {.alpn = std::string(texts[shown.alpn]),
                 .ja4 = std::string(texts[shown.ja4]),
                 .quic_version = shown.quic_version,
                 .tls_version = shown.tls_version,
                 .encrypted = shown.encrypted};
  for (const RowName& seen : shown.names) facts.names.push_back({std::string(texts[seen.name]), seen.from});
  return facts;
}

void fill(FlowRow& row, const Event& event, const RuleSet& rules, Texts& texts) {
  row.id = event.flow_id;
  row.first_number = event.number;
  row.start = event.start;
  row.end = event.end;
  row.client_side = event.client == row.client ? row.client_side : opposite(row.client_side);
  row.client = event.client;
  row.server = event.server;
  row.packets = {event.packets_to_server, event.packets_to_client};
  row.bytes = {event.bytes_to_server, event.bytes_to_client};
  row.blocked_packets = event.blocked_packets;
  row.ip_protocol = event.ip_protocol;
  row.protocol = event.protocol;
  row.service = event.service;
  row.state = event.state;
  row.timed_out = event.timed_out;
  row.decided = event.decided;
  row.decision = event.decision;
  row.rule = event.decided ? texts.id_of(rules.rule_name(event.decision.rule)) : 0;
  row.app_id = event.app;
  if (event.app != kNoApp) {
    const App& app = rules.catalogue().apps()[event.app];
    row.app = texts.id_of(app.name);
    row.category = texts.id_of(app.category);
  }
  row.shown = intern(event.shown, texts);
}

Event event_of(const FlowRow& row, const Texts& texts) {
  Event event;
  event.kind = EventKind::flow;
  event.time = event.end = row.end;
  event.start = row.start;
  event.number = row.first_number;
  event.flow_id = row.id;
  event.client = row.client;
  event.server = row.server;
  event.ip_protocol = row.ip_protocol;
  event.protocol = row.protocol;
  event.service = row.service;
  event.app = row.app_id;
  event.decided = row.decided;
  event.decision = row.decision;
  event.state = row.state;
  event.timed_out = row.timed_out;
  event.packets_to_server = row.packets[0];
  event.packets_to_client = row.packets[1];
  event.bytes_to_server = row.bytes[0];
  event.bytes_to_client = row.bytes[1];
  event.blocked_packets = row.blocked_packets;
  event.shown = spell_out(row.shown, texts);
  return event;
}

std::string message_text(const Event& event) {
  std::string name = event.shown.names.empty() ? std::string{} : event.shown.names.front().name;
  if (event.kind != EventKind::message) return name;
  switch (info_of(event.protocol).kind) {
    case ProtocolKind::tls_like:
      return (event.protocol == Protocol::quic ? "Initial, Client Hello " : "Client Hello ") + name;
    case ProtocolKind::http_like: return event.method + (event.method.empty() ? "" : " ") + name + event.target;
    case ProtocolKind::dns_like: return (event.dns_response ? "answer " : "query ") + name;
    case ProtocolKind::other:
    case ProtocolKind::proxy:
    case ProtocolKind::service: break;
  }
  return name;
}

}  // namespace netscope
