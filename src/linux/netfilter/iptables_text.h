// The kernel's side as iptables-restore reads it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linux/netfilter/table_settings.h"
#include "netscope/net/address.h"

namespace netscope::netfilter {

// A rule that a listing of iptables-save shows, as the arguments that made it: "-A FORWARD -j NETSCOPE".
struct IptablesRule {
  std::string table;
  std::string rule;
  bool operator==(const IptablesRule&) const = default;
};
// The jumps by which packets come to our chains.
std::vector<IptablesRule> iptables_jumps(std::string_view listing);
// Whether all of them are there, and as many rules in our chains as `installed`, the text of iptables_rules, put there.
bool iptables_is_whole(std::string_view listing, const TableSettings& settings, std::string_view installed);

// Rules of others in mangle, ahead of our jumps, by which a packet could miss our chains: those that end its way
// through the chain, as ACCEPT does and MARK does not, or lead to chains with such rules. Targets that this program
// does not know are taken to end it.
std::vector<IptablesRule> iptables_ahead(std::string_view listing, std::span<const Hook> hooks);
// Input for iptables-restore --noflush that makes our jumps the first of those chains again, in one transaction; empty
// where none has to move.
std::string iptables_to_front(std::string_view listing, std::span<const Hook> hooks);

// How many rules of others a listing shows in the chains of mangle by which packets come to ours.
std::size_t iptables_neighbours(std::string_view listing, std::span<const Hook> hooks);

// Input for iptables-restore --noflush, or ip6tables-restore: puts our chains in place of those that are there, with
// `before` the jumps that have to go.
std::string iptables_rules(const TableSettings& settings, IpVersion version, std::span<const IptablesRule> before);
// The same for taking everything away; empty when `listing` shows nothing of ours.
std::string iptables_removal(std::string_view listing);

}  // namespace netscope::netfilter
