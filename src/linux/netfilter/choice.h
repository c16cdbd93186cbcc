// What of it a run uses.
#pragma once

#include <string>
#include <vector>

#include "linux/netfilter/probe.h"
#include "netscope/base/result.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope::netfilter {

// What a run uses, and why.
struct Choice {
  Backend backend = Backend::nft;  // never automatic
  Fanout fanout = Fanout::flow;
  Offload offload = Offload::mark;
  bool ipv6 = true;                    // the iptables backend: ip6tables works
  bool sees_initials = true;           // and the match u32
  bool strips_mptcp = true;            // an option can be taken off a SYN
  std::vector<std::string> reasons{};  // a line each
};

// Fails when nothing that the settings allow works here, with what is in the way of each and the remedy.
Result<Choice> choose(const LiveSettings& settings, const QueueRange& queues, const Probe& probe);

// Interfaces that a flow table may span: those named, else all that are there but the loopback.
std::vector<std::string> flow_devices(const LiveSettings& settings);

}  // namespace netscope::netfilter
