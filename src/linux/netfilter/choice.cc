#include "linux/netfilter/choice.h"

#include <algorithm>
#include <filesystem>

namespace netscope::netfilter {
namespace {

bool matches(const std::string& pattern, const std::string& name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

Error cannot(const std::string& what, const Ability& ability, const std::string& remedy) {
  return Error{what + " does not work here: " + ability.why + "; " + remedy};
}

void choose_mptcp(const Ability& strip, Choice& choice) {
  choice.strips_mptcp = strip.works;
  if (!strip.works)
    choice.reasons.push_back("names split over the paths of MPTCP pass, since it cannot be kept away: " + strip.why);
}

void choose_nft(const LiveSettings& settings, const QueueRange& queues, const Probe& probe, Choice& choice) {
  choice.backend = Backend::nft;
  choose_mptcp(probe.nft_strip, choice);
  if (choice.fanout == Fanout::flow && queues.count() > 1 && !probe.symhash.works) {
    choice.fanout = Fanout::address;
    choice.reasons.push_back("flows are spread by address, since the kernel has no symhash: " + probe.symhash.why);
  }
  if (settings.offload != Offload::flowtable) return;
  const std::string why = !probe.flowtable.works           ? probe.flowtable.why
                          : flow_devices(settings).empty() ? "there is no interface to span"
                                                           : "";
  if (!why.empty()) {
    choice.offload = Offload::mark;
    choice.reasons.push_back("accepted flows leave by mark, since there can be no flow table: " + why);
  }
}

void choose_iptables(const LiveSettings& settings, const QueueRange& queues, const Probe& probe, Choice& choice) {
  choice.backend = Backend::iptables;
  choose_mptcp(probe.iptables_strip, choice);
  if (choice.fanout == Fanout::flow && queues.count() > 1) {
    choice.fanout = Fanout::address;
    choice.reasons.emplace_back("flows are spread by address, which is all that iptables can");
  }
  if (settings.offload == Offload::flowtable) {
    choice.offload = Offload::mark;
    choice.reasons.emplace_back("accepted flows leave by mark, since iptables has no flow tables");
  }
  choice.sees_initials = probe.u32.works;
  if (!choice.sees_initials && settings.offload != Offload::off) {
    choice.reasons.push_back(
        "a second connection of QUIC on the ports of an accepted one passes, since the kernel cannot tell "
        "it: " +
        probe.u32.why);
  }
  choice.ipv6 = probe.ip6tables.works;
  if (!choice.ipv6) choice.reasons.push_back("IPv6 is not filtered: " + probe.ip6tables.why);
}

}  // namespace

Result<Choice> choose(const LiveSettings& settings, const QueueRange& queues, const Probe& probe) {
  Choice choice{.fanout = settings.fanout, .offload = settings.offload};
  const Ability nft = !probe.nft.works ? probe.nft : probe.nft_queue;
  switch (settings.backend) {
    case Backend::none:
      choice.backend = Backend::none;
      choice.reasons.emplace_back("the rules are the administrator's; they must be those of --print-nft");
      break;
    case Backend::nft:
      if (!nft.works) return std::unexpected(cannot("the nft backend", nft, "try --backend iptables, or see --doctor"));
      choose_nft(settings, queues, probe, choice);
      break;
    case Backend::iptables:
      if (!probe.iptables.works) {
        return std::unexpected(cannot("the iptables backend", probe.iptables, "try --backend nft, or see --doctor"));
      }
      choose_iptables(settings, queues, probe, choice);
      break;
    case Backend::automatic:
      if (nft.works) {
        choose_nft(settings, queues, probe, choice);
      } else if (probe.iptables.works) {
        choice.reasons.push_back("iptables is used, since nft cannot queue here: " + nft.why);
        choose_iptables(settings, queues, probe, choice);
      } else {
        return std::unexpected(Error{"this kernel cannot queue packets. nft: " + nft.why +
                                     ". iptables: " + probe.iptables.why +
                                     ". Load its modules (modprobe nft_queue nfnetlink_queue), and "
                                     "see --doctor"});
      }
      break;
  }
  if (choice.offload != Offload::off && !probe.conntrack.works) {
    choice.reasons.push_back("flows that the kernel carries keep their verdict over a reload: " + probe.conntrack.why);
  }
  if (choice.fanout == Fanout::cpu && queues.count() > 1) {
    choice.reasons.emplace_back(
        "flows are spread by processor: both directions of a flow must arrive on the same one (symmetric RSS)");
  }
  return choice;
}

std::vector<std::string> flow_devices(const LiveSettings& settings) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net", ignored)) {
    const std::string name = entry.path().filename();
    const auto names_it = [&](const std::string& pattern) { return matches(pattern, name); };
    const auto& only = settings.interfaces;
    const auto& without = settings.excluded_interfaces;
    if (name == "lo" || !entry.is_directory(ignored)) continue;
    if (!only.empty() && std::none_of(only.begin(), only.end(), names_it)) continue;
    if (std::any_of(without.begin(), without.end(), names_it)) continue;
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace netscope::netfilter
