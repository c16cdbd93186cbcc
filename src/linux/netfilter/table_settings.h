// The kernel's side as text: the rules that hand packets to the queues, and that carry out what was said of a flow.
//
// Both forms say the same. What is excluded passes. Connections that bear a verdict's mark are accepted, dropped or
// rejected; all else is queued, and so is whatever opens a connection. A verdict is a packet that goes on with a mark,
// which chains save to its connection and carry out: those behind the queue, which nft is sure to ask (NF_ACCEPT leaves
// one chain and enters the next), or of iptables the one that queued it (NF_REPEAT). Only the bits of Marks::mask are
// read or written, of packets as of connections, and packets leave without them.
#pragma once

#include <string>
#include <vector>

#include "netscope/policy/settings/live_settings.h"

namespace netscope::netfilter {

struct TableSettings {
  LiveSettings live{};
  QueueRange queues{};
  bool bypass = true;                       // without a program behind it, a queue accepts
  bool sees_initials = true;                // iptables: the match u32, which tells datagrams that open QUIC
  bool strips_mptcp = true;                 // a SYN loses the option of MPTCP: its paths need not pass here
  std::vector<std::string> flow_devices{};  // of the flow table, with Offload::flowtable
};

}  // namespace netscope::netfilter
