#include "netscope/engine/statistics.h"

#include <algorithm>

#include "netscope/base/bytes.h"

namespace netscope {

RuleTally& RuleTally::operator+=(const RuleTally& other) {
  flows += other.flows;
  matched += other.matched;
  last_hit = std::max(last_hit, other.last_hit);
  return *this;
}

std::size_t NameHash::operator()(std::string_view name) const {
  std::uint64_t state = 0xcbf29ce484222325;  // FNV-1a, and a last mixing for its low bits
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return state ^ state >> 29;
}

std::size_t AddressHash::operator()(const IpAddress& address) const {
  return NameHash{}(as_text(address.bytes));
}

std::size_t EdgeHash::operator()(const EdgeView& edge) const {
  return AddressHash{}(edge.client) * 31 + NameHash{}(edge.domain) + edge.app;
}

Timeline::Step& Timeline::at(std::int64_t second) {
  if (steps_.empty()) {
    start_ = second;
    steps_.reserve(kMaxSteps);  // at once: the packet path allocates nothing later
  }
  std::size_t index = second <= start_ ? 0 : static_cast<std::size_t>(second - start_) / step_;
  while (index >= kMaxSteps) {  // halve the resolution
    for (std::size_t i = 0; i < steps_.size(); i += 2) {
      Step joined = steps_[i];
      if (i + 1 < steps_.size()) {
        joined.all += steps_[i + 1].all;
        joined.blocked += steps_[i + 1].blocked;
      }
      steps_[i / 2] = joined;
    }
    steps_.resize((steps_.size() + 1) / 2);
    step_ *= 2;
    index = static_cast<std::size_t>(second - start_) / step_;
    if (step_ >= 1u << 30) index = std::min(index, kMaxSteps - 1);
  }
  if (index >= steps_.size()) steps_.resize(index + 1);
  return steps_[index];
}

void Timeline::add(Time time, std::uint64_t bytes, bool blocked) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  Step& step = at(second);
  step.all.add(bytes);
  step.blocked += blocked ? 1 : 0;
}

void Timeline::merge(const Timeline& other) {
  if (other.steps_.empty()) return;
  if (steps_.empty() || other.start_ < start_) {
    Timeline earlier = other;
    std::swap(*this, earlier);
    return merge(earlier);
  }
  for (std::size_t i = 0; i < other.steps_.size(); ++i) {
    Step& step = at(other.start_ + static_cast<std::int64_t>(i) * other.step_);
    step.all += other.steps_[i].all;
    step.blocked += other.steps_[i].blocked;
  }
}

void Statistics::add_packet(PacketKind kind, IpVersion version, std::uint8_t ip_protocol, std::uint64_t size) {
  all.add(size);
  switch (kind) {
    case PacketKind::not_ip: return not_ip.add(size);
    case PacketKind::malformed: return malformed.add(size);
    case PacketKind::cut_off: return cut_off.add(size);
    case PacketKind::fragment:
    case PacketKind::given_up: fragments.add(size); break;
    case PacketKind::of_flow:
    case PacketKind::quoting: break;
  }
  (version == IpVersion::v4 ? ipv4 : ipv6).add(size);
  if (kind == PacketKind::quoting) return icmp.add(size);
  switch (ip_protocol) {
    case ip_protocol::tcp: return tcp.add(size);
    case ip_protocol::udp: return udp.add(size);
    case ip_protocol::icmp:
    case ip_protocol::icmp_v6: return icmp.add(size);
    default: return other.add(size);
  }
}

void Statistics::add_verdict(Action action, std::uint64_t size) {
  switch (action) {
    case Action::accept: return accepted.add(size);
    case Action::drop: return dropped.add(size);
    case Action::reject: return rejected.add(size);
  }
}

void Statistics::add_states(const FlowTraits& flow, const Tally& whole, const Tally& added,
                            const CountedFlow& counted) {
  if (counted.any) {
    --flows[static_cast<std::size_t>(counted.state)];
  } else {
    ++flows_total;
    if (flow.ip_protocol == ip_protocol::tcp) ++flows_tcp;
    if (flow.ip_protocol == ip_protocol::udp) ++flows_udp;
  }
  ++flows[static_cast<std::size_t>(flow.state)];
  if (flow.app >= apps.size()) return;
  Tally of_app = counted.app == kNoApp ? whole : added;
  of_app.flows = counted.app == flow.app ? 0 : 1;
  apps[flow.app] += of_app;
}

void Statistics::merge(const Statistics& added) {
  for (Counter Statistics::* counter : counters()) this->*counter += added.*counter;
  for (std::uint64_t Statistics::* number : numbers()) this->*number += added.*number;
  reasons += added.reasons;
  for (std::size_t i = 0; i < flows.size(); ++i) flows[i] += added.flows[i];
  for (std::size_t i = 0; i < messages.size(); ++i) messages[i] += added.messages[i];
  for (std::size_t i = 0; i < protocols.size(); ++i) protocols[i] += added.protocols[i];
  for (std::size_t i = 0; i < std::min(rules.size(), added.rules.size()); ++i) rules[i] += added.rules[i];
  default_rule += added.default_rule;
  for (std::size_t i = 0; i < std::min(apps.size(), added.apps.size()); ++i) apps[i] += added.apps[i];
  domains.merge(added.domains);
  clients.merge(added.clients);
  edges.merge(added.edges);
  timeline.merge(added.timeline);
}

}  // namespace netscope
