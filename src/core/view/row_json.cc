#include "netscope/view/row_json.h"

#include <array>

namespace netscope {
namespace {

std::string_view transport_name(std::uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::tcp: return "TCP";
    case ip_protocol::udp: return "UDP";
    case ip_protocol::icmp:
    case ip_protocol::icmp_v6: return "ICMP";
    case ip_protocol::gre: return "GRE";
    default: return "IP";
  }
}

std::string_view kind_text(PacketKind kind) {
  switch (kind) {
    case PacketKind::of_flow: return {};
    case PacketKind::quoting: return "ICMP error about this flow";
    case PacketKind::fragment: return "fragment of a datagram that is not complete";
    case PacketKind::given_up: return "fragment of a datagram that was given up";
    case PacketKind::malformed: return "broken headers";
    case PacketKind::cut_off: return "cut off within its headers";
    case PacketKind::not_ip: return "not IP";
  }
  return {};
}

std::string flags_text(std::uint8_t flags) {
  constexpr std::array<std::pair<std::uint8_t, std::string_view>, 5> kFlags{{{tcp_flag::syn, "SYN"},
                                                                             {tcp_flag::fin, "FIN"},
                                                                             {tcp_flag::rst, "RST"},
                                                                             {tcp_flag::psh, "PSH"},
                                                                             {tcp_flag::ack, "ACK"}}};
  std::string out;
  for (const auto& [flag, word] : kFlags) {
    if ((flags & flag) != 0) out += (out.empty() ? "" : ", ") + std::string(word);
  }
  return out;
}

std::string info_text(const Rows& rows, std::uint64_t number, const PacketRow& packet) {
  if (const auto message = rows.message_of(number); !message.empty()) return std::string(message);
  if (const auto text = kind_text(packet.kind); !text.empty()) return std::string(text);
  std::string out = packet.ip_protocol == ip_protocol::tcp ? flags_text(packet.tcp_flags) : std::string{};
  if (packet.payload > 0) out += (out.empty() ? "" : ", ") + std::to_string(packet.payload) + " bytes";
  return out;
}

void write_end(JsonWriter& json, std::string_view address_key, std::string_view port_key, const Endpoint& end) {
  json.text(address_key, to_string(end.address));
  json.number(port_key, end.port);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view rule_text(const PacketRow& packet, const RuleSet& rules) {
  if (packet.kind == PacketKind::given_up) return "unjudged";
  if (packet.kind != PacketKind::of_flow && packet.kind != PacketKind::quoting) return "unparsed";
  return packet.decided ? rules.rule_name(packet.rule) : std::string_view{};
}

}  // namespace

void write_packet(JsonWriter& json, const Rows& rows, std::uint64_t number, const RuleSet& rules) {
  const PacketRow& packet = rows.packets()[number - 1];
  json.begin_object();
  json.number("n", number);
  json.real("t", seconds(packet.time - rows.packets().front().time));
  json.text("time", eve_timestamp(packet.time));
  json.text("proto", transport_name(packet.ip_protocol));
  json.number("size", packet.size_on_wire);
  json.text("info", info_text(rows, number, packet));
  json.text("action", to_string(packet.action));
  json.text("rule", rule_text(packet, rules));
  if (packet.flow != kNoFlow) {
    const FlowRow& flow = rows.flows()[packet.flow];
    const bool to_server = packet.direction == flow.client_side;
    write_end(json, "src", "sport", to_server ? flow.client : flow.server);
    write_end(json, "dst", "dport", to_server ? flow.server : flow.client);
    json.text("app", rows.texts()[flow.app]);
    json.text("app_proto", to_string(flow.protocol));
    json.text("domain", rows.texts()[flow.domain()]);
    json.number("flow", packet.flow);
  }
  json.end_object();
}

void write_flow(JsonWriter& json, const Rows& rows, FlowIndex index) {
  const FlowRow& flow = rows.flows()[index];
  const Texts& texts = rows.texts();
  json.begin_object();
  json.number("id", index);
  json.text("start", eve_timestamp(flow.start));
  json.text("end", eve_timestamp(flow.end));
  json.real("duration", seconds(flow.end - flow.start));
  write_end(json, "client", "cport", flow.client);
  write_end(json, "server", "sport", flow.server);
  json.text("proto", transport_name(flow.ip_protocol));
  json.text("app_proto", to_string(flow.protocol));
  json.text("app", texts[flow.app]);
  json.text("category", texts[flow.category]);
  json.text("domain", texts[flow.domain()]);
  if (!flow.shown.names.empty()) json.text("name_source", to_string(name_source(flow.shown.names.back().from)));
  json.text("state", to_string(flow.state));
  json.number("packets", flow.all_packets());
  json.number("bytes", flow.all_bytes());
  json.number("to_server", flow.bytes[0]);
  json.number("to_client", flow.bytes[1]);
  json.number("blocked", flow.blocked_packets);
  json.text("action", to_string(flow.decided ? flow.decision.action : Action::accept));
  json.text("rule", texts[flow.rule]);
  json.end_object();
}

}  // namespace netscope
