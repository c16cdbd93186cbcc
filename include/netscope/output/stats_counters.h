// The counters of the statistics document (netscope.stats/1): a row for each, from which they are counted of a run,
// written, read and added up.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "netscope/engine/statistics.h"
#include "netscope/output/kernel_view.h"

namespace netscope {

// The objects of "stats" that hold them; drop_reason is within firewall.
enum class StatsGroup : std::uint8_t { capture, decoder, flow, firewall, drop_reason, app_layer };

struct StatsCounter {
  StatsGroup group;
  const char* name;
  std::uint64_t (*of)(const Statistics& run, const KernelView& kernel);
};

namespace detail {
using S = Statistics;
using K = KernelView;
inline std::uint64_t messages(const S& run, ProtocolBits protocols) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kProtocolCount; ++i) all += (protocols >> i & 1) != 0 ? run.messages[i] : 0;
  return all;
}
inline std::uint64_t in_state(const S& run, FlowState state) {
  return run.flows[static_cast<std::size_t>(state)];
}
inline std::uint64_t queues_full(const K& kernel) {
  std::uint64_t all = 0;
  for (const QueueView& queue : kernel.queues) all += queue.queue_dropped;
  return all;
}
inline std::uint64_t sockets_full(const K& kernel) {
  std::uint64_t all = 0;
  for (const QueueView& queue : kernel.queues) all += queue.user_dropped;
  return all;
}
}  // namespace detail

// In the order of the document, a line each.
// clang-format off
inline constexpr auto kStatsCounters = [] {
  using enum StatsGroup;
  using detail::S;
  using detail::K;
  return std::to_array<StatsCounter>({
      {capture, "kernel_packets", [](const S&, const K& k) { return k.passed.packets + k.dropped.packets + k.rejected.packets; }},
      {capture, "kernel_drops", [](const S&, const K& k) { return detail::queues_full(k); }},
      {capture, "user_drops", [](const S&, const K& k) { return detail::sockets_full(k); }},
      {capture, "unjudged", [](const S&, const K& k) { return k.unjudged; }},
      {capture, "not_stopped", [](const S&, const K& k) { return k.not_stopped; }},
      {capture, "events_dropped", [](const S&, const K& k) { return k.events_dropped; }},
      {capture, "names_dropped", [](const S&, const K& k) { return k.names_dropped; }},

      {decoder, "pkts", [](const S& s, const K&) { return s.all.packets; }},
      {decoder, "bytes", [](const S& s, const K&) { return s.all.bytes; }},
      {decoder, "ipv4", [](const S& s, const K&) { return s.ipv4.packets; }},
      {decoder, "ipv6", [](const S& s, const K&) { return s.ipv6.packets; }},
      {decoder, "tcp", [](const S& s, const K&) { return s.tcp.packets; }},
      {decoder, "udp", [](const S& s, const K&) { return s.udp.packets; }},
      {decoder, "icmp", [](const S& s, const K&) { return s.icmp.packets; }},
      {decoder, "other", [](const S& s, const K&) { return s.other.packets + s.not_ip.packets; }},
      {decoder, "invalid", [](const S& s, const K&) { return s.malformed.packets; }},
      {decoder, "truncated", [](const S& s, const K&) { return s.cut_off.packets; }},

      {flow, "total", [](const S& s, const K&) { return s.flows_total; }},
      {flow, "active", [](const S& s, const K&) { return s.flows_open; }},
      {flow, "one_sided", [](const S& s, const K&) { return s.one_sided; }},
      {flow, "new", [](const S& s, const K&) { return detail::in_state(s, FlowState::opened); }},
      {flow, "established", [](const S& s, const K&) { return detail::in_state(s, FlowState::established); }},
      {flow, "classified", [](const S& s, const K&) { return detail::in_state(s, FlowState::classified); }},
      {flow, "closed", [](const S& s, const K&) { return detail::in_state(s, FlowState::closed); }},
      {flow, "incomplete", [](const S& s, const K&) { return detail::in_state(s, FlowState::incomplete); }},
      {flow, "tcp", [](const S& s, const K&) { return s.flows_tcp; }},
      {flow, "udp", [](const S& s, const K&) { return s.flows_udp; }},
      {flow, "evicted", [](const S& s, const K&) { return s.evicted; }},
      {flow, "given_up", [](const S& s, const K&) { return s.given_up; }},
      {flow, "memuse", [](const S& s, const K&) { return s.flow_memory; }},

      {firewall, "accepted", [](const S& s, const K&) { return s.accepted.packets; }},
      {firewall, "blocked", [](const S& s, const K&) { return s.dropped.packets; }},
      {firewall, "rejected", [](const S& s, const K&) { return s.rejected.packets; }},
      {firewall, "passed_unjudged", [](const S& s, const K&) { return s.passed_unjudged; }},
      {firewall, "offloaded", [](const S&, const K& k) { return k.passed.packets; }},

      {drop_reason, "rules", [](const S& s, const K&) { return s.reasons.rules; }},
      {drop_reason, "default_policy", [](const S& s, const K&) { return s.reasons.default_policy; }},
      {drop_reason, "flow_drop", [](const S& s, const K&) { return s.reasons.flow_drop; }},
      {drop_reason, "overload", [](const S&, const K& k) { return detail::queues_full(k) + detail::sockets_full(k); }},
      {drop_reason, "unparsed", [](const S& s, const K&) { return s.reasons.unparsed; }},
      {drop_reason, "unjudged", [](const S& s, const K&) { return s.reasons.unjudged; }},

      {app_layer, "tls", [](const S& s, const K&) { return detail::messages(s, bits(Protocol::tls)); }},
      {app_layer, "http", [](const S& s, const K&) { return detail::messages(s, bits(Protocol::http, Protocol::http2)); }},
      {app_layer, "dns", [](const S& s, const K&) { return detail::messages(s, bits(Protocol::dns, Protocol::mdns, Protocol::llmnr)); }},
      {app_layer, "quic", [](const S& s, const K&) { return detail::messages(s, bits(Protocol::quic)); }},
      {app_layer, "sni", [](const S& s, const K&) { return s.names; }},
      {app_layer, "dns_names", [](const S& s, const K&) { return s.learned_names; }},
  });
}();
// clang-format on

}  // namespace netscope
