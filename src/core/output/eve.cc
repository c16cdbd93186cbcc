#include "netscope/output/eve.h"

#include <array>

#include "core/dpi/quic.h"
#include "core/dpi/tls.h"
#include "core/output/community_id.h"
#include "netscope/output/json.h"

namespace netscope {
namespace {

std::string_view event_type(const Event& event) {
  switch (event.kind) {
    case EventKind::flow: return "flow";
    case EventKind::message: return info_of(event.protocol).event;
    case EventKind::drop: return "drop";
  }
  return "flow";
}

std::string protocol_text(std::uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::tcp: return "TCP";
    case ip_protocol::udp: return "UDP";
    case ip_protocol::icmp: return "ICMP";
    case ip_protocol::icmp_v6: return "IPv6-ICMP";
    case ip_protocol::gre: return "GRE";
    default: return std::to_string(protocol);
  }
}

std::string_view record_type(std::uint16_t type) {  // IANA DNS parameters
  switch (type) {
    case 1: return "A";
    case 2: return "NS";
    case 5: return "CNAME";
    case 6: return "SOA";
    case 12: return "PTR";
    case 15: return "MX";
    case 16: return "TXT";
    case 28: return "AAAA";
    case 33: return "SRV";
    case 35: return "NAPTR";
    case 43: return "DS";
    case 48: return "DNSKEY";
    case 64: return "SVCB";
    case 65: return "HTTPS";
    case 255: return "ANY";
    default: return {};
  }
}

std::string_view rcode_text(std::uint8_t code) {
  constexpr std::array<std::string_view, 6> kCodes{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return code < kCodes.size() ? kCodes[code] : std::string_view{};
}

void write_common(JsonWriter& json, const Event& event, EventOrigin origin) {
  json.text("timestamp", eve_timestamp(event.time));
  json.number("flow_id", event.flow_id);
  if (origin == EventOrigin::capture) json.number("pcap_cnt", event.number);
  json.text("event_type", event_type(event));
  json.text("src_ip", to_string(event.client.address));
  json.text("dest_ip", to_string(event.server.address));
  if (event.ip_protocol == ip_protocol::tcp || event.ip_protocol == ip_protocol::udp) {
    json.number("src_port", event.client.port);
    json.number("dest_port", event.server.port);
    json.text("community_id", community_id(event.client, event.server, event.ip_protocol));
  }
  json.text("proto", protocol_text(event.ip_protocol));
  json.number("ip_v", static_cast<std::uint64_t>(event.client.address.version));
  if (event.protocol != Protocol::unknown) json.text("app_proto", to_string(event.protocol));
}

// One name as a string, several as a list.
void write_names(JsonWriter& json, const Event& event, Protocol protocol) {
  const std::string_view key = info_of(protocol).name_field;
  std::vector<std::string_view> names;
  for (const SeenName& seen : event.shown.names) {
    if (seen.protocol == protocol) names.push_back(seen.name);
  }
  if (names.empty()) return;
  if (names.size() == 1) return json.text(key, names[0]);
  json.begin_array(key);
  for (const std::string_view name : names) json.text(name);
  json.end_array();
}

bool shows(const Event& event, Protocol protocol) {
  for (const SeenName& seen : event.shown.names) {
    if (seen.protocol == protocol) return true;
  }
  return event.protocol == protocol && event.kind != EventKind::drop;
}

void write_hello(JsonWriter& json, const Event& event, Protocol protocol) {
  const HelloFacts& hello = event.shown.hello;
  // Under the protocol whose hello it is of: a flow may show several protocols.
  const bool has_ja4 = hello.ja4.starts_with(info_of(protocol).ja4_letter);
  if (protocol == Protocol::tls && hello.tls_version != 0) json.text("version", tls::version_name(hello.tls_version));
  if (protocol == Protocol::quic && hello.quic_version != 0)
    json.text("version", quic::version_name(hello.quic_version));
  if (has_ja4) json.text("ja4", hello.ja4);
  if (protocol == Protocol::dtls) return;
  if (!hello.alpn.empty()) json.text("alpn", hello.alpn);
  if (hello.encrypted) json.boolean("ech", true);
}

void write_request(JsonWriter& json, const Event& event) {
  if (!event.target.empty()) json.text("url", event.target);
  if (!event.method.empty()) json.text("http_method", event.method);
  if (!event.user_agent.empty()) json.text("http_user_agent", event.user_agent);
}

void write_question(JsonWriter& json, const Event& event) {
  if (event.kind != EventKind::message) return;
  json.text("type", event.dns_response ? "answer" : "query");
  json.number("id", event.dns_id);
  if (const auto type = record_type(event.dns_type); !type.empty()) json.text("rrtype", type);
  if (const auto code = rcode_text(event.dns_rcode); event.dns_response && !code.empty()) json.text("rcode", code);
}

// What a protocol showed, in an object of its name.
void write_shown(JsonWriter& json, const Event& event, Protocol protocol) {
  const ProtocolKind kind = info_of(protocol).kind;
  json.begin_object(to_string(protocol));
  if (kind == ProtocolKind::dns_like) write_question(json, event);
  write_names(json, event, protocol);
  if (kind == ProtocolKind::tls_like) write_hello(json, event, protocol);
  if (kind == ProtocolKind::http_like) write_request(json, event);
  json.end_object();
}

void write_flow(JsonWriter& json, const Event& event) {
  json.begin_object("flow");
  json.number("pkts_toserver", event.packets_to_server);
  json.number("pkts_toclient", event.packets_to_client);
  json.number("bytes_toserver", event.bytes_to_server);
  json.number("bytes_toclient", event.bytes_to_client);
  json.text("start", eve_timestamp(event.start));
  json.text("end", eve_timestamp(event.end));
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(event.end - event.start).count();
  json.number("age", static_cast<std::uint64_t>(age < 0 ? 0 : age));
  json.text("state", to_string(event.state));
  json.text("reason", event.timed_out ? "timeout" : "shutdown");
  json.end_object();
}

void write_verdict(JsonWriter& json, const Event& event, const RuleSet& rules) {
  json.begin_object("verdict");
  json.text("action", to_string(event.decided ? event.decision.action : Action::accept));
  json.end_object();
  json.begin_object("netscope");
  if (event.app != kNoApp) {
    const App& app = rules.catalogue().apps()[event.app];
    json.text("app", app.name);
    json.text("category", app.category);
  }
  if (!event.shown.names.empty()) {
    const SeenName& judged = event.shown.names.back();
    if (name_source(judged.protocol) == NameSource::dns)
      json.text("name", judged.name);  // no protocol's own field has it
    json.text("name_source", to_string(name_source(judged.protocol)));
  }
  if (event.service != Protocol::unknown) json.text("service", to_string(event.service));
  if (event.decided) json.text("rule_id", rules.rule_name(event.decision.rule));
  json.text("reason", !event.decided ? "undecided" : event.decision.rule == kDefaultPolicy ? "default" : "rule");
  json.end_object();
}

}  // namespace

void append_eve(std::string& out, const Event& event, const RuleSet& rules, EventOrigin origin) {
  JsonWriter json;
  json.begin_object();
  write_common(json, event, origin);
  for (const Protocol protocol : kEventOrder) {
    if (shows(event, protocol)) write_shown(json, event, protocol);
  }
  if (event.kind == EventKind::flow) write_flow(json, event);
  if (event.kind == EventKind::drop) {
    json.begin_object("drop");
    json.number("len", event.size);
    json.text("reason", event.decision.rule == kDefaultPolicy ? "default policy" : "rules");
    json.end_object();
  }
  if (event.kind == EventKind::flow || event.kind == EventKind::drop) write_verdict(json, event, rules);
  json.end_object();
  out += json.result();
  out += '\n';
}

}  // namespace netscope
