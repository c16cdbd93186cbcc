// The kernel's side as text: the rules that hand packets to the queues, and that carry out what was said of a flow.
//
// Both forms say the same. What is excluded passes. Connections that bear a verdict's mark are accepted, dropped or
// rejected; all else is queued. A verdict is an accepted packet with a mark, and chains behind the queue save the mark
// to the connection and carry it out (NF_ACCEPT leaves one chain and enters the next). Only the bits of Marks::mask are
// read or written, of packets as of connections, and packets leave without them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/net/address.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope::nft {

struct TableSettings {
  LiveSettings live{};
  QueueRange queues{};
  bool bypass = true;                       // without a program behind it, a queue accepts
  std::vector<std::string> flow_devices{};  // of the flow table, with Offload::flowtable
};

inline constexpr std::string_view kTableName = "netscope";

// The table `inet netscope` for nft, commented. Interface names must be such that is_interface_name.
std::string nft_table(const TableSettings& settings);

// The jumps of ours that a listing of iptables-save shows, as the arguments that made them: "-A FORWARD -j NETSCOPE".
struct IptablesJump {
  std::string table;
  std::string rule;
};
std::vector<IptablesJump> iptables_jumps(std::string_view listing);

// Input for iptables-restore --noflush, or ip6tables-restore: puts our chains in place of those that are there, with
// `before` the jumps that have to go.
std::string iptables_rules(const TableSettings& settings, IpVersion version, std::span<const IptablesJump> before);
// The same for taking everything away; empty when `listing` shows nothing of ours.
std::string iptables_removal(std::string_view listing);

}  // namespace netscope::nft
