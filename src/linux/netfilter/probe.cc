// By offering it rules that it checks and does not load.
#include "linux/netfilter/probe.h"

#include <unistd.h>

#include "linux/netfilter/conntrack.h"
#include "linux/netfilter/nft_commands.h"
#include "linux/os/process.h"

namespace netscope::netfilter {
namespace {

constexpr const char* kProbeTable = "netscope_probe";

template <class T>
Ability ability(const Result<T>& result) {
  return {.works = result.has_value(), .why = result ? "" : result.error().message};
}

// Whether the kernel would take a chain with this rule, in a table with these other objects.
Ability takes(const NftCommands& nft, const std::string& rule, const std::string& objects = {}) {
  return ability(nft.run("add table inet " + std::string(kProbeTable) + "\ntable inet " + kProbeTable + " {\n" +
                             objects + "chain c {\ntype filter hook forward priority mangle;\n" + rule + "\n}\n}\n",
                         NftCommands::Mode::check_only));
}

Ability takes_iptables(const std::string& program, const std::string& rules) {
  return ability(
      os::run_program({program, "--test", "--noflush"}, "*mangle\n:NETSCOPE-PROBE - [0:0]\n" + rules + "COMMIT\n"));
}

}  // namespace

Probe probe() {
  Probe found;
  if (const auto nft = NftCommands::open()) {
    found.nft =
        takes(*nft, "ct mark & 7 == 1 ct mark set ct mark & 0xfffffff8 | 2\nreject with icmpx admin-prohibited");
    found.nft_queue = takes(*nft, "queue flags bypass to 0-1");
    found.nft_strip = takes(*nft, "reset tcp option mptcp");
    found.symhash = takes(*nft, "queue flags bypass to symhash mod 2");
    found.flowtable = takes(*nft, "meta l4proto tcp flow add @f",
                            "flowtable f {\nhook ingress priority filter\ndevices = { lo }\n}\n");
  } else {
    found.nft = found.nft_queue = found.nft_strip = found.symhash = found.flowtable = ability(nft);
  }
  const std::string queues =
      "-A NETSCOPE-PROBE -m connmark --mark 1/7 -j RETURN\n"
      "-A NETSCOPE-PROBE -j NFQUEUE --queue-balance 0:1 --queue-bypass\n";
  found.iptables = takes_iptables("iptables-restore", queues);
  found.ip6tables = takes_iptables("ip6tables-restore", queues);
  found.iptables_strip = takes_iptables(
      "iptables-restore", "-A NETSCOPE-PROBE -p tcp --tcp-flags SYN SYN -j TCPOPTSTRIP --strip-options 30\n");
  found.u32 = takes_iptables("iptables-restore",
                             "-A NETSCOPE-PROBE -p udp -m length --length 1228: -m u32 --u32 \"3&0xff=1\" -j RETURN\n");
  found.conntrack = ability(may_clear_marks());
  return found;
}

}  // namespace netscope::netfilter
