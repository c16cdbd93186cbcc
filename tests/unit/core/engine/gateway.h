// A gateway in a test: rules as a person writes them, packets as prose, and one letter for each verdict.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "netscope/engine/worker.h"
#include "support/conversation.h"
#include "support/payloads.h"

namespace netscope::test {

using Packets = std::vector<TimedPacket>;

inline Packets later(Packets packets, Duration by) {
  for (TimedPacket& packet : packets) packet.at += by;
  return packets;
}

// Decoded packets and what their views point into.
struct Decoded {
  std::deque<Buffer> frames;
  std::deque<Outer> outers;
  std::vector<netscope::Packet> packets;
};

inline Decoded decode(const Packets& packets, std::uint64_t first_number = 1) {
  Decoded out;
  for (const TimedPacket& timed : packets) {
    const Buffer& frame = out.frames.emplace_back(timed.packet.bytes());
    const auto link = static_cast<LinkType>(timed.packet.link_type());
    const Headers headers = decode_frame(frame, link, Tunnels::look_through);
    netscope::Packet packet = make_packet(headers);
    packet.time = timed.at;
    packet.number = first_number++;
    packet.size_on_wire = static_cast<std::uint32_t>(frame.size());
    if (!headers.outer) packet.sender = link_sender(frame, link);
    if (headers.outer) packet.outer = &out.outers.emplace_back(*headers.outer);
    out.packets.push_back(packet);
  }
  return out;
}

// "AAD": accepted, accepted, dropped; R: rejected.
inline std::string letters(const std::vector<Verdict>& verdicts) {
  std::string out;
  for (const Verdict& verdict : verdicts) out += "ADR"[static_cast<std::size_t>(verdict.action)];
  return out;
}

inline std::shared_ptr<const RuleSet> rule_set(std::string_view toml) {
  auto policy = parse_policy(toml, "test.toml", Catalogue::built_in());
  if (!policy) ADD_FAILURE() << to_string(policy.error().front());
  return std::make_shared<const RuleSet>(RuleSet::compile(policy.value_or(Policy{}), Catalogue::built_in()));
}

// One rule that drops what its only condition names: dropping("domain = ['blocked.example']").
inline std::string dropping(std::string_view condition) {
  return "[[rule]]\nname = 'test'\naction = 'drop'\n" + std::string(condition) + "\n";
}

inline const std::string kBlockedDomain = dropping("domain = ['blocked.example']");

inline const Buffer kBlockedHello = client_hello("www.blocked.example");
inline const Buffer kFineHello = client_hello("fine.example");

class Gateway {
 public:
  explicit Gateway(std::string_view rules, WorkerOptions options = {.flow_capacity = 1024})
      : worker_(rule_set(rules), knowing(options)) {}

  std::string judge(const Packets& packets) { return letters(verdicts_on(packets)); }
  // The same at a gateway with two arms: the client's packets come in on one and leave by the other, the server's do
  // the opposite; of those whose places are in `forged`, the client is the sender whatever they say.
  std::string judge_forwarded(const Packets& packets, std::string_view client,
                              std::initializer_list<std::size_t> forged) {
    constexpr std::uint32_t kInside = 3, kOutside = 4;
    Decoded decoded = decode(packets, next_number_);
    next_number_ += packets.size();
    for (std::size_t i = 0; i < decoded.packets.size(); ++i) {
      netscope::Packet& packet = decoded.packets[i];
      const bool by_client = to_string(packet.key.source(packet.direction).address) == client;
      const bool lies = std::ranges::find(forged, i) != forged.end();
      packet.way = {.in_interface = by_client || lies ? kInside : kOutside,
                    .out_interface = by_client ? kOutside : kInside};
    }
    std::vector<Verdict> verdicts(packets.size());
    worker_.process(decoded.packets, verdicts);
    return letters(verdicts);
  }
  std::string judge(const Packet& packet, Time at = kTestTime) { return judge({{.at = at, .packet = packet}}); }

  // The packets whose verdict the kernel may keep for the rest of their flow: "..F"; C: and the client would not hear.
  std::string released(const Packets& packets) {
    std::string out;
    for (const Verdict& verdict : verdicts_on(packets))
      out += verdict.client_would_not_hear ? 'C' : verdict.for_flow ? 'F' : '.';
    return out;
  }
  // The packets after which the kernel shall forget what it kept of the ports: "NN.".
  std::string anew(const Packets& packets) {
    std::string out;
    for (const Verdict& verdict : verdicts_on(packets)) out += verdict.anew ? 'N' : '.';
    return out;
  }
  void reload(std::string_view rules) { worker_.swap_rules(rule_set(rules)); }

  const Statistics& statistics() const { return worker_.statistics(); }
  const Statistics& finished() {
    worker_.finish();
    return worker_.statistics();
  }
  Worker& worker() { return worker_; }
  LearnedNames& learned() { return learned_; }  // what the worker is told of DNS answers

 private:
  std::vector<Verdict> verdicts_on(const Packets& packets) {
    const Decoded decoded = decode(packets, next_number_);
    next_number_ += packets.size();
    std::vector<Verdict> verdicts(packets.size());
    worker_.process(decoded.packets, verdicts);
    return verdicts;
  }
  WorkerOptions knowing(WorkerOptions options) {
    options.learned_names = &learned_;
    return options;
  }

  LearnedNames learned_{7};
  Worker worker_;
  std::uint64_t next_number_ = 1;
};

inline std::uint64_t flows_in(const Statistics& statistics, FlowState state) {
  return statistics.flows[static_cast<std::size_t>(state)];
}

// A connection whose handshake is done.
inline TcpConversation connected(std::uint16_t client_port = 51234, std::uint16_t server_port = 443) {
  return TcpConversation({.client_port = client_port, .server_port = server_port}).handshake();
}

}  // namespace netscope::test
