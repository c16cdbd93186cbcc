#include "linux/netfilter/nft_text.h"

#include <array>
#include <cstdio>
#include <tuple>

#include "linux/netfilter/text.h"

namespace netscope::netfilter {
namespace {

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return "{ " + out + " }";
}

std::vector<std::string> quoted_all(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.push_back("\"" + name + "\"");
  return out;
}

std::vector<std::string> addresses_of(const LiveSettings& live, IpVersion version) {
  std::vector<std::string> out;
  for (const IpPrefix& prefix : live.excluded_addresses) {
    if (prefix.address.version == version) out.push_back(to_string(prefix));
  }
  return out;
}

// The statement that spreads packets over the queues.
std::string queue_statement(const TableSettings& settings, Fanout fanout) {
  const QueueRange& queues = settings.queues;
  const bool several = queues.count() > 1;
  std::string flags = settings.bypass ? "bypass" : "";
  if (several && fanout == Fanout::cpu) flags += flags.empty() ? "fanout" : ",fanout";
  std::string to = to_string(queues);
  if (several && fanout == Fanout::flow) {
    to = "symhash mod " + std::to_string(queues.count());
    if (queues.first > 0) to += " offset " + std::to_string(queues.first);
  }
  return "queue " + (flags.empty() ? "" : "flags " + flags + " ") + "to " + to;
}

class NftWriter {
 public:
  explicit NftWriter(const TableSettings& settings) : settings_(settings), live_(settings.live) {}

  std::string write() {
    line("# netscope-nfq: hands packets to queues " + to_string(settings_.queues) +
         ", and carries out what was said of their connections.");
    line("# Bits " + hex(live_.marks.mask) +
         " of packet and connection marks are its own: " + hex(live_.marks.accept_flow()) + " accept, " +
         hex(live_.marks.drop_flow()) + " drop, " + hex(live_.marks.reject_flow()) + " reject,");
    line("# " + hex(live_.marks.reject_packet()) + " reject this packet alone, " + hex(live_.marks.forget_flow()) +
         " a connection begins: forget what the last one on its ports bore.");
    open("table inet " + std::string(kTableName));
    for (const char* counter : {"passed", "dropped", "rejected", "queued", "stopped"})
      line("counter " + std::string(counter) + " { }");
    sets();
    if (live_.offload == Offload::flowtable) flow_table();
    reject_chain();
    to_queue_chain();
    for (const Hook hook : live_.hooks) queue_chain(hook);
    for (const Hook hook : live_.hooks) verdict_chain(hook);
    close();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += (text.empty() ? "" : std::string(depth_ * 4, ' ') + text) + "\n"; }
  void open(const std::string& head) {
    if (!out_.ends_with("\n\n") && depth_ > 0) line("");
    line(head + " {");
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }

  // "meta mark & 0xff000000 == 0x01000000"
  std::string bears(const char* what, std::uint32_t value) const {
    return std::string(what) + " mark & " + hex(live_.marks.mask) + " == " + hex(value);
  }
  std::string save(std::uint32_t value) const {
    return "ct mark set ct mark & " + hex(~live_.marks.mask) + " | " + hex(value);
  }
  std::string clean() const { return "meta mark set meta mark & " + hex(~live_.marks.mask); }

  void sets() {
    for (const IpVersion version : {IpVersion::v4, IpVersion::v6}) {
      const auto elements = addresses_of(live_, version);
      if (elements.empty()) continue;
      open(version == IpVersion::v4 ? "set excluded4" : "set excluded6");
      line(version == IpVersion::v4 ? "type ipv4_addr" : "type ipv6_addr");
      line("flags interval");
      line("auto-merge");
      line("elements = " + list(elements));
      close();
    }
  }

  void flow_table() {
    open("flowtable accepted");
    line("hook ingress priority filter");
    line("devices = " + list(quoted_all(settings_.flow_devices)));
    close();
  }

  void reject_chain() {
    open("chain answer");
    line("counter name stopped");
    line("meta l4proto tcp reject with tcp reset");
    line("reject with icmpx admin-prohibited");
    close();
  }

  void to_queue_chain() {
    open("chain to_queue");
    line("counter name queued");
    if (settings_.queues.count() > 1 && live_.fanout == Fanout::flow) {
      line("# A connection of QUIC may move to another port: all between two addresses goes to one queue.");
      for (const char* end : {"sport", "dport"}) {
        line("udp " + std::string(end) + " 443 " + queue_statement(settings_, Fanout::address));
      }
    }
    line(queue_statement(settings_, live_.fanout));
    close();
  }

  void leave_alone(Hook hook) {
    if (hook == Hook::input) line("iifname \"lo\" accept");
    if (hook == Hook::output) line("oifname \"lo\" accept");
    const std::vector<std::string> sides = hook == Hook::forward ? std::vector<std::string>{"iifname", "oifname"}
                                           : hook == Hook::input ? std::vector<std::string>{"iifname"}
                                                                 : std::vector<std::string>{"oifname"};
    for (const std::string& side : sides) {
      if (!live_.excluded_interfaces.empty())
        line(side + " " + list(quoted_all(live_.excluded_interfaces)) + " accept");
    }
    if (!live_.interfaces.empty()) {
      std::string elsewhere;
      for (const std::string& side : sides) elsewhere += side + " != " + list(quoted_all(live_.interfaces)) + " ";
      line(elsewhere + "accept");
    }
    for (const auto& [version, field, set] :
         {std::tuple{IpVersion::v4, "ip", "@excluded4"}, std::tuple{IpVersion::v6, "ip6", "@excluded6"}}) {
      if (addresses_of(live_, version).empty()) continue;
      for (const char* end : {" saddr ", " daddr "}) line(std::string(field) + end + set + " accept");
    }
  }

  void queue_chain(Hook hook) {
    open("chain " + std::string(to_string(hook)) + "_queue");
    line("type filter hook " + std::string(to_string(hook)) + " priority mangle; policy accept;");
    leave_alone(hook);
    line("# Whoever set our bits before: it was not us.");
    line("meta mark & " + hex(live_.marks.mask) + " != 0 " + clean());
    if (settings_.strips_mptcp) {
      line("# One connection, one path: what is said over two of MPTCP's (RFC 8684) shows no name on either.");
      line("tcp flags & syn == syn reset tcp option mptcp");
    }
    if (live_.offload != Offload::off) {
      line("# What opens a connection, whatever became of the last one on its ports.");
      line("tcp flags & syn == syn goto to_queue");
      line("udp length >= " + std::to_string(kInitialLength) + " @th,64,2 " + std::to_string(kLongHeader) +
           " @th,72,32 " + quic_versions() + " goto to_queue");
      line("# Connections that are judged.");
      if (live_.offload == Offload::flowtable && hook == Hook::forward) {
        line(bears("ct", live_.marks.accept_flow()) + " meta l4proto { tcp, udp } flow add @accepted");
      }
      line(bears("ct", live_.marks.accept_flow()) + " counter name passed accept");
      line(bears("ct", live_.marks.drop_flow()) + " counter name dropped drop");
      line(bears("ct", live_.marks.reject_flow()) + " counter name rejected goto answer");
    }
    line("# All others.");
    line("goto to_queue");
    close();
  }

  static std::string quic_versions() {
    std::vector<std::string> ranges;
    ranges.reserve(kQuicVersions.size());
    for (const auto& [first, last] : kQuicVersions)
      ranges.push_back(hex(first) + (first == last ? "" : "-" + hex(last)));
    return list(ranges);
  }

  void verdict_chain(Hook hook) {
    open("chain " + std::string(to_string(hook)) + "_verdict");
    line("type filter hook " + std::string(to_string(hook)) + " priority mangle + 1; policy accept;");
    line("meta mark & " + hex(live_.marks.mask) + " == 0 accept");
    if (live_.offload != Offload::off) {
      line(bears("meta", live_.marks.forget_flow()) + " ct mark set ct mark & " + hex(~live_.marks.mask));
      line(bears("meta", live_.marks.accept_flow()) + " " + save(live_.marks.accept_flow()));
      line(bears("meta", live_.marks.drop_flow()) + " " + save(live_.marks.drop_flow()) + " counter name stopped drop");
      line(bears("meta", live_.marks.reject_flow()) + " " + save(live_.marks.reject_flow()) + " goto answer");
    } else {
      line(bears("meta", live_.marks.drop_flow()) + " counter name stopped drop");
      line(bears("meta", live_.marks.reject_flow()) + " goto answer");
    }
    line(bears("meta", live_.marks.reject_packet()) + " goto answer");
    line(clean());
    close();
  }

  const TableSettings& settings_;
  const LiveSettings& live_;
  std::string out_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string hex(std::uint32_t number) {
  std::array<char, 16> text;
  const int size = std::snprintf(text.data(), text.size(), "0x%08x", number);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string nft_table(const TableSettings& settings) {
  return NftWriter(settings).write();
}

}  // namespace netscope::netfilter
