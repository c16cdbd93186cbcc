// The kernel's side as iptables-restore reads it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linux/netfilter/table_settings.h"
#include "netscope/net/address.h"

namespace netscope::netfilter {

// The jumps of ours that a listing of iptables-save shows, as the arguments that made them: "-A FORWARD -j NETSCOPE".
struct IptablesJump {
  std::string table;
  std::string rule;
};
std::vector<IptablesJump> iptables_jumps(std::string_view listing);
// How many of them there are while all is in place.
std::size_t iptables_entrances(const TableSettings& settings);

// How many rules of others a listing shows in the chains of mangle by which packets come to ours.
std::size_t iptables_neighbours(std::string_view listing, std::span<const Hook> hooks);

// Input for iptables-restore --noflush, or ip6tables-restore: puts our chains in place of those that are there, with
// `before` the jumps that have to go.
std::string iptables_rules(const TableSettings& settings, IpVersion version, std::span<const IptablesJump> before);
// The same for taking everything away; empty when `listing` shows nothing of ours.
std::string iptables_removal(std::string_view listing);

}  // namespace netscope::netfilter
