#include "netscope/view/row_json.h"

#include <algorithm>
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
  if (packet.kind != PacketKind::of_flow && packet.kind != PacketKind::quoting) return "unparsed";
  return packet.decided ? rules.rule_name(packet.rule) : std::string_view{};
}

// --- why

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

bool domain_holds(const DomainPattern& pattern, std::string_view name) {
  const bool same = name == pattern.domain;
  switch (pattern.match) {
    case DomainMatch::suffix: return same || is_below(name, pattern.domain);
    case DomainMatch::exact: return same;
    case DomainMatch::below: return is_below(name, pattern.domain);
  }
  return false;
}

class Reasons {
 public:
  Reasons(const FlowRow& flow, const Texts& texts, const Rule& rule) : flow_(flow), texts_(texts), rule_(rule) {}

  std::string text() {
    names();
    addresses("ip", rule_.either, {flow_.client.address, flow_.server.address});
    addresses("src", rule_.src, {flow_.client.address});
    addresses("dst", rule_.dst, {flow_.server.address});
    for (const PortRange& range : rule_.ports) {
      if (range.first <= flow_.server.port && flow_.server.port <= range.last) {
        add("port " + std::to_string(flow_.server.port));
      }
    }
    if (!rule_.protocols.empty()) {
      add("protocol " + std::string(flow_.protocol == Protocol::unknown ? transport_name(flow_.ip_protocol)
                                                                        : to_string(flow_.protocol)));
    }
    return out_.empty() ? "it holds for everything" : out_;
  }

 private:
  void add(const std::string& reason) { out_ += (out_.empty() ? "" : "; ") + reason; }

  void names() {
    for (const RowName& seen : flow_.shown.names) {
      const std::string_view name = texts_[seen.name];
      const bool learned = name_source(seen.from) == NameSource::dns;
      for (const DomainPattern& pattern : rule_.domains) {
        if (!domain_holds(pattern, name)) continue;
        return add("domain " + to_string(pattern) + " matches the " +
                   (learned ? "DNS answer's" : std::string(to_string(seen.from))) + " name " + std::string(name));
      }
    }
    const std::string app(texts_[flow_.app]), category(texts_[flow_.category]);
    const bool by_app = std::find(rule_.apps.begin(), rule_.apps.end(), app) != rule_.apps.end();
    const bool by_category =
        std::find(rule_.categories.begin(), rule_.categories.end(), category) != rule_.categories.end();
    const std::string name = flow_.shown.names.empty() ? "" : " of " + std::string(texts_[flow_.domain()]);
    if (by_app) add("application " + app + name);
    if (by_category) add("category " + category + " of " + app + name);
  }

  void addresses(std::string_view key, const std::vector<IpPrefix>& prefixes, std::initializer_list<IpAddress> ends) {
    for (const IpPrefix& prefix : prefixes) {
      for (const IpAddress& end : ends) {
        if (prefix.contains(end)) {
          return add(std::string(key) + " " + to_string(prefix) + " holds " + to_string(end));
        }
      }
    }
  }

  const FlowRow& flow_;
  const Texts& texts_;
  const Rule& rule_;
  std::string out_;
};

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

std::string why(const FlowRow& flow, const Texts& texts, const RuleSet& rules) {
  if (!flow.decided) return "no rule could be judged before the flow ended: it was let through";
  if (flow.decision.rule >= rules.rules().size()) return "no rule matched: the default of the policy holds";
  const Rule& rule = rules.rules()[flow.decision.rule];
  return "rule \"" + rule.name + "\": " + Reasons(flow, texts, rule).text();
}

}  // namespace netscope
