// What a worker counts. Plain numbers with one writer; two workers' numbers add up.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/time.h"
#include "netscope/dpi/protocol.h"
#include "netscope/engine/packet.h"
#include "netscope/engine/top_table.h"
#include "netscope/flow/flow_state.h"
#include "netscope/net/address.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/decision.h"

namespace netscope {

// Places in the bounded tables of domains, clients and edges: of one worker, and of all together.
inline constexpr std::size_t kWorkerTableSize = 1024, kMergedTableSize = 16384;

// Why packets were blocked.
struct DropReasons {
  std::uint64_t rules = 0;           // the packet that a rule decided on
  std::uint64_t default_policy = 0;  // no rule matched
  std::uint64_t flow_drop = 0;       // later packets of a flow that was blocked
  std::uint64_t unparsed = 0;        // not IP, or broken
  std::uint64_t unjudged = 0;        // given up at a limit; see Policy::unjudged

  DropReasons& operator+=(const DropReasons& other) {
    rules += other.rules;
    default_policy += other.default_policy;
    flow_drop += other.flow_drop;
    unparsed += other.unparsed;
    unjudged += other.unjudged;
    return *this;
  }
};

struct Counter {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  void add(std::uint64_t size) {
    ++packets;
    bytes += size;
  }
  Counter& operator+=(const Counter& other) {
    packets += other.packets;
    bytes += other.bytes;
    return *this;
  }
};

// What one rule did.
struct RuleTally {
  std::uint64_t flows = 0;  // decided by it, each once
  Counter matched;          // packets of those flows from the decision on
  Time last_hit{};          // the epoch: never
  RuleTally& operator+=(const RuleTally& other);
};

// A row of the flow map, seen where its parts lie.
struct EdgeView {
  const IpAddress& client;
  AppId app;
  std::string_view domain;
};

// A row of the flow map.
struct Edge {
  Edge() = default;
  explicit Edge(const EdgeView& view) : client(view.client), app(view.app), domain(view.domain) {}
  bool operator==(const EdgeView& view) const {
    return client == view.client && app == view.app && domain == view.domain;
  }
  IpAddress client;
  AppId app = kNoApp;
  std::string domain;
  bool operator==(const Edge&) const = default;
  auto operator<=>(const Edge&) const = default;
};

// Hashes that are the same in every build, so that what a full table keeps is too.
struct NameHash {
  std::size_t operator()(std::string_view name) const;
};
struct AddressHash {
  std::size_t operator()(const IpAddress& address) const;
};
struct EdgeHash {
  std::size_t operator()(const EdgeView& edge) const;
  std::size_t operator()(const Edge& edge) const { return (*this)(EdgeView{edge.client, edge.app, edge.domain}); }
};

// Packets, bytes and blocked packets by time. The step doubles as the span grows, so that at most kMaxSteps are kept.
class Timeline {
 public:
  static constexpr std::size_t kMaxSteps = 1024;
  struct Step {
    Counter all;
    std::uint64_t blocked = 0;
  };

  // Packets may come out of order; what lies before the first packet counts in its step.
  void add(Time time, std::uint64_t bytes, bool blocked);
  void merge(const Timeline& other);
  std::int64_t start_seconds() const { return start_; }
  std::uint32_t step_seconds() const { return step_; }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  Step& at(std::int64_t second);

  std::int64_t start_ = 0;
  std::uint32_t step_ = 1;
  std::vector<Step> steps_;
};

// A flow as it is counted.
struct FlowTraits {
  const IpAddress& client;
  std::uint8_t ip_protocol = 0;
  FlowState state = FlowState::opened;
  AppId app = kNoApp;
  std::size_t names = 0;  // that it showed
  bool in_tables = true;  // it counts for the tables of domains, clients and edges
};

// What of a flow the statistics hold already.
struct CountedFlow {
  std::uint64_t packets = 0, bytes = 0, blocked = 0;
  AppId app = kNoApp;       // for which they counted
  std::uint16_t names = 0;  // of its names
  FlowState state = FlowState::opened;
  bool any = false;
};

struct Statistics {
  explicit Statistics(std::size_t rule_count = 0, std::size_t app_count = 0, std::size_t table_size = kMergedTableSize)
      : rules(rule_count), apps(app_count), domains(table_size), clients(table_size), edges(table_size) {}

  // Headers.
  Counter all, ipv4, ipv6, tcp, udp, icmp, other, not_ip, malformed, cut_off, fragments;
  // Verdicts.
  Counter accepted, dropped, rejected;
  DropReasons reasons;
  // Flows that ended, by their last state; `flows_open` had not said goodbye when the source ended.
  std::array<std::uint64_t, kFlowStateCount> flows{};
  std::uint64_t flows_total = 0, flows_open = 0, flows_tcp = 0, flows_udp = 0, evicted = 0, evicted_pending = 0,
                given_up = 0;         // whose inspection ended at a limit
  std::uint64_t passed_unjudged = 0;  // packets of those, with payload, that the policy let pass
  std::uint64_t flow_memory = 0;
  // TCP packets that acknowledge something of which this worker has seen nothing: a few where connections are picked up
  // under way; many when the two directions of connections go to different workers.
  std::uint64_t one_sided = 0;
  // Application layer: messages seen, and flows by protocol.
  std::array<std::uint64_t, kProtocolCount> messages{};
  std::array<Tally, kProtocolCount> protocols{};
  std::uint64_t names = 0;          // flows that showed a name
  std::uint64_t learned_names = 0;  // flows that have one from an answer of DNS instead
  std::vector<RuleTally> rules;
  RuleTally default_rule;
  std::vector<Tally> apps;  // by AppId
  TopTable<std::string, NameHash> domains;
  TopTable<IpAddress, AddressHash> clients;
  TopTable<Edge, EdgeHash> edges;
  Timeline timeline;

  std::uint64_t blocked_packets() const { return dropped.packets + rejected.packets; }
  std::uint64_t blocked_bytes() const { return dropped.bytes + rejected.bytes; }

  // The numbers that add up, whatever they say.
  static constexpr auto counters() {
    using S = Statistics;
    return std::to_array<Counter S::*>({&S::all, &S::ipv4, &S::ipv6, &S::tcp, &S::udp, &S::icmp, &S::other, &S::not_ip,
                                        &S::malformed, &S::cut_off, &S::fragments, &S::accepted, &S::dropped,
                                        &S::rejected});
  }
  static constexpr auto numbers() {
    using S = Statistics;
    return std::to_array<std::uint64_t S::*>({&S::flows_total, &S::flows_open, &S::flows_tcp, &S::flows_udp,
                                              &S::evicted, &S::evicted_pending, &S::given_up, &S::passed_unjudged,
                                              &S::flow_memory, &S::one_sided, &S::names, &S::learned_names});
  }

  // A packet, by its headers.
  void add_packet(PacketKind kind, IpVersion version, std::uint8_t ip_protocol, std::uint64_t size);
  void add_verdict(Action action, std::uint64_t size);
  // Counts of a flow what is not counted yet: all of it where nothing is. What came before the first name, or before
  // the application was known, is theirs as well; from one name to another, what was counted stays where it is, so that
  // no number ever falls but those of the states. `whole` is all that the flow did; `name_at(i)` its names, as text.
  template <class NameAt>
  void add_flow(const FlowTraits& flow, const Tally& whole, CountedFlow& counted, NameAt name_at);

  RuleTally& of_rule(RuleIndex rule) { return rule < rules.size() ? rules[rule] : default_rule; }

  // Adds another worker's numbers; both must stem from the same rule set.
  void merge(const Statistics& added);

 private:
  void add_states(const FlowTraits& flow, const Tally& whole, const Tally& added, const CountedFlow& counted);
};

template <class NameAt>
void Statistics::add_flow(const FlowTraits& flow, const Tally& whole, CountedFlow& counted, NameAt name_at) {
  const Tally added{.packets = whole.packets - counted.packets,
                    .bytes = whole.bytes - counted.bytes,
                    .flows = counted.any ? 0u : 1u,
                    .blocked = whole.blocked - counted.blocked};
  add_states(flow, whole, added, counted);
  if (flow.in_tables) clients.add(flow.client, added);
  if (flow.in_tables && flow.names != 0) {
    // Packets count for the last name, which is the one that was blocked where one was; the others show that they
    // occurred.
    const Tally& of_last = counted.names == 0 ? whole : added;
    for (std::size_t i = std::min<std::size_t>(counted.names, flow.names - 1); i < flow.names; ++i) {
      Tally tally = i + 1 == flow.names ? of_last : Tally{};
      tally.flows = i < counted.names ? 0 : 1;
      domains.add(name_at(i), tally);
    }
    edges.add(EdgeView{.client = flow.client, .app = flow.app, .domain = name_at(flow.names - 1)}, of_last);
  }
  counted = {.packets = whole.packets,
             .bytes = whole.bytes,
             .blocked = whole.blocked,
             .app = flow.app,
             .names = static_cast<std::uint16_t>(flow.names),
             .state = flow.state,
             .any = true};
}

}  // namespace netscope
