#include "app/gateway/doctor.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <tuple>

#include "app/gateway/privileges.h"
#include "app/gateway/surroundings.h"
#include "app/output/columns.h"
#include "linux/netfilter/table.h"
#include "linux/nfq/queue_counters.h"
#include "linux/os/descriptor.h"
#include "linux/os/process.h"

namespace netscope {
namespace {

using Findings = std::vector<Finding>;

void good(Findings& findings, std::string what, std::string detail) {
  findings.push_back({Health::good, std::move(what), std::move(detail), {}});
}

void note(Findings& findings, std::string what, std::string detail, std::string remedy = {}) {
  findings.push_back({Health::note, std::move(what), std::move(detail), std::move(remedy)});
}

void bad(Findings& findings, std::string what, std::string detail, std::string remedy) {
  findings.push_back({Health::bad, std::move(what), std::move(detail), std::move(remedy)});
}

// The first word of a file such as those of /proc/sys; empty where there is none.
std::string word_of(const std::string& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void examine_privileges(const LiveSettings& settings, Findings& findings) {
  if (may_administer_network()) {
    good(findings, "privileges", "CAP_NET_ADMIN");
  } else {
    bad(findings, "privileges", "CAP_NET_ADMIN is missing; what follows may be incomplete",
        "run as root: sudo netscope-nfq ...");
  }
  if (const auto user = find_user(settings.user)) {
    good(findings, "user after set-up", user->name);
  } else {
    bad(findings, "user after set-up", user.error().message, "useradd --system --no-create-home netscope");
  }
}

void examine_versions(Findings& findings) {
  utsname kernel{};
  if (::uname(&kernel) == 0) good(findings, "kernel", kernel.release);
  for (const std::string_view program : {"nft", "iptables", "ip6tables"}) {
    const std::string version = first_line(os::run_program({std::string(program), "--version"}).value_or(""));
    if (version.empty()) {
      note(findings, std::string(program), "not found; the program itself needs it only for the iptables backend",
           "apt-get install " + std::string(program == "nft" ? "nftables" : "iptables"));
    } else {
      good(findings, std::string(program), version);
    }
  }
}

void examine_queues(const QueueRange& queues, Findings& findings) {
  const auto file = nfq::QueueCountersFile::open();
  if (!file) return note(findings, "queues of others", to_string(file.error()));
  const auto held = file->read();
  if (!held) return note(findings, "queues of others", to_string(held.error()));
  if (held->empty()) return good(findings, "queues of others", "none");
  for (const nfq::QueueCounters& queue : *held) {
    const std::string what = "queue " + std::to_string(queue.number);
    const std::string holder = "held by netlink port " + std::to_string(queue.port) + ", often a process id";
    if (queue.number >= queues.first && queue.number <= queues.last) {
      bad(findings, what, holder + "; it is one of those asked for (" + to_string(queues) + ")",
          "end that program (ps -p " + std::to_string(queue.port) + "), or use others: --queues " +
              to_string(QueueRange{static_cast<std::uint16_t>(queues.last + 1),
                                   static_cast<std::uint16_t>(queues.last + queues.count())}));
    } else {
      note(findings, what, holder);
    }
  }
}

std::string hexadecimal(std::uint32_t number) {
  std::ostringstream out;
  out << "0x" << std::hex << number;
  return out.str();
}

void examine_ability(const std::string& what, const netfilter::Ability& ability, Health otherwise,
                     const std::string& remedy, Findings& findings) {
  if (ability.works) return good(findings, what, "works");
  findings.push_back({otherwise, what, ability.why, remedy});
}

void examine_kernel(const LiveSettings& settings, const QueueRange& queues, Findings& findings) {
  const netfilter::Probe probe = netfilter::probe();
  const Health nft_matters = settings.backend == Backend::nft ? Health::bad : Health::note;
  const Health iptables_matters = settings.backend == Backend::iptables ? Health::bad : Health::note;
  examine_ability("nft", probe.nft, nft_matters, "modprobe nf_tables nft_ct nft_reject_inet", findings);
  examine_ability("nft queue", probe.nft_queue, nft_matters, "modprobe nft_queue nfnetlink_queue", findings);
  examine_ability("nft symhash", probe.symhash, Health::note, "modprobe nft_hash", findings);
  examine_ability("nft tcp option", probe.nft_strip, Health::note, "a kernel from 5.18 on", findings);
  examine_ability("nft flowtable", probe.flowtable, Health::note, "modprobe nft_flow_offload nf_flow_table_inet",
                  findings);
  examine_ability("iptables NFQUEUE", probe.iptables, iptables_matters, "apt-get install iptables; modprobe xt_NFQUEUE",
                  findings);
  examine_ability("ip6tables NFQUEUE", probe.ip6tables, iptables_matters,
                  "apt-get install iptables; modprobe ip6_tables", findings);
  examine_ability("iptables TCPOPTSTRIP", probe.iptables_strip, Health::note, "modprobe xt_TCPOPTSTRIP", findings);
  examine_ability("iptables u32", probe.u32, Health::note, "modprobe xt_u32 xt_length", findings);
  examine_ability("connection marks", probe.conntrack, Health::note, "modprobe nf_conntrack_netlink", findings);
  if (const auto choice = netfilter::choose(settings, queues, probe)) {
    std::string detail = std::string(to_string(choice->backend)) + ", fanout " +
                         std::string(to_string(choice->fanout)) + ", offload " +
                         std::string(to_string(choice->offload));
    good(findings, "would use", detail);
    for (const std::string& reason : choice->reasons) note(findings, "because", reason);
  } else {
    bad(findings, "would use", choice.error().message, "see above");
  }
}

// Who else lives in the kernel's rules. Both tools' listings, since each may show what the other does not.
void examine_neighbours(const LiveSettings& settings, Findings& findings) {
  std::string rules = os::run_program({"nft", "list", "ruleset"}).value_or("");
  for (const std::string_view tool : {"iptables-save", "ip6tables-save"}) {
    rules += os::run_program({std::string(tool)}).value_or("");
  }
  const auto shows = [&](std::string_view text) { return rules.find(text) != std::string::npos; };
  if (shows("DOCKER")) {
    note(findings, "docker", "has chains of its own; containers' traffic is forwarded, and so is filtered");
  }
  if (shows("firewalld")) {
    note(findings, "firewalld",
         "has a table of its own; both judge, and the stricter wins. It may flush iptables rules",
         "prefer the nft backend: --backend nft");
  }
  if (shows("KUBE-"))
    note(findings, "kubernetes", "marks packets with 0x4000 and 0x8000; keep mark_mask clear of them");
  std::istringstream lines(rules);
  std::string line;
  std::size_t marks = 0, queues = 0, own_queues = 0;
  bool ours = false;
  std::string example;
  while (std::getline(lines, line)) {
    if (line.starts_with("table ")) ours = line.find(" netscope ") != std::string::npos;
    const bool queue = line.find("queue ") != std::string::npos || line.find("NFQUEUE") != std::string::npos;
    if (ours || line.find("NETSCOPE") != std::string::npos) {
      own_queues += queue;
      continue;
    }
    if (line.find("mark") != std::string::npos || line.find("MARK") != std::string::npos) {
      if (marks++ == 0) example = line.substr(std::min(line.find_first_not_of(" \t"), line.size()), 60);
    }
    queues += queue;
  }
  if (marks > 0) {
    note(findings, "marks of others",
         std::to_string(marks) + " rules speak of marks, as \"" + example + "\"; ours are the bits " +
             hexadecimal(settings.marks.mask),
         "where they overlap, choose others: --mark-mask 0x00ff0000");
  } else {
    good(findings, "marks of others", "none in the kernel's rules");
  }
  if (settings.backend == Backend::none && queues + own_queues == 0) {
    bad(findings, "rules of the kernel", "none queues packets, and with --no-table the program loads none",
        "netscope-nfq --print-nft, with the same options, | nft -f -");
  }
  if (queues > 0) {
    note(findings, "queueing by others", std::to_string(queues) + " rules queue packets for other programs",
         "see which: nft list ruleset | grep -n queue");
  }
}

void examine_forwarding(const LiveSettings& settings, Findings& findings) {
  if (std::find(settings.hooks.begin(), settings.hooks.end(), Hook::forward) == settings.hooks.end()) return;
  for (const auto& [what, file, name] :
       {std::tuple{"IPv4 forwarding", "/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward"},
        std::tuple{"IPv6 forwarding", "/proc/sys/net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding"}}) {
    if (const std::string value = word_of(file); value == "1") {
      good(findings, what, "on");
    } else if (value.empty()) {
      note(findings, what, "this kernel has no such protocol");
    } else {
      note(findings, what, "off: this machine is no gateway for it", "sysctl -w " + std::string(name) + "=1");
    }
  }
}

void examine_connections(Findings& findings) {
  const std::string most = word_of("/proc/sys/net/netfilter/nf_conntrack_max");
  const std::string now = word_of("/proc/sys/net/netfilter/nf_conntrack_count");
  if (most.empty() || now.empty()) {
    return note(findings, "connection tracking", "not loaded yet; the first rule that needs it loads it");
  }
  const std::string detail = now + " of at most " + most + " connections";
  if (std::stoull(now) > std::stoull(most) / 10 * 8) {
    return bad(findings, "connection tracking", detail + ": nearly full, and a full table drops new connections",
               "sysctl -w net.netfilter.nf_conntrack_max=" + std::to_string(std::stoull(most) * 4));
  }
  good(findings, "connection tracking", detail);
}

std::vector<std::string> interfaces() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net", ignored)) {
    if (entry.path().filename() != "lo") names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Whether the interface joins segments into packets that cannot be forwarded as they are.
bool has_lro(const std::string& interface) {
  const os::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{.cmd = ETHTOOL_GFLAGS, .data = 0};
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  return ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 && (value.data & ETH_FLAG_LRO) != 0;
}

std::size_t receive_queues(const std::string& interface) {
  std::error_code ignored;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net/" + interface + "/queues", ignored)) {
    count += entry.path().filename().string().starts_with("rx-") ? 1 : 0;
  }
  return count;
}

void examine_interfaces(const LiveSettings& settings, Findings& findings) {
  for (const std::string& name : interfaces()) {
    const std::size_t queues = receive_queues(name);
    if (has_lro(name)) {
      bad(findings, "interface " + name, "LRO joins packets that a gateway must not join",
          "ethtool -K " + name + " lro off");
    } else if (settings.fanout == Fanout::cpu && queues > 1) {
      note(findings, "interface " + name,
           std::to_string(queues) +
               " receive queues; fanout \"cpu\" is right only where both directions of a flow arrive "
               "on the same one",
           "ethtool -X " + name + " xfrm symmetric-xor, or use fanout = \"flow\"");
    } else {
      good(findings, "interface " + name,
           std::to_string(queues) + (queues == 1 ? " receive queue" : " receive queues"));
    }
  }
}

void examine_reach(const LiveSettings& settings, Findings& findings) {
  const auto in_the_way = obstacles(settings, look_around());
  if (in_the_way.empty()) good(findings, "reach", "packets can come to the filter");
  for (const Obstacle& obstacle : in_the_way) {
    const Health health = obstacle.weight == Obstacle::Weight::whole ? Health::bad : Health::note;
    findings.push_back({health, "reach", obstacle.what, obstacle.remedy});
  }
}

}  // namespace

std::vector<Finding> examine(const LiveSettings& settings, const QueueRange& queues) {
  Findings findings;
  examine_privileges(settings, findings);
  examine_versions(findings);
  examine_kernel(settings, queues, findings);
  examine_queues(queues, findings);
  examine_neighbours(settings, findings);
  examine_forwarding(settings, findings);
  examine_connections(findings);
  examine_interfaces(settings, findings);
  examine_reach(settings, findings);
  return findings;
}

std::string doctor_text(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    const std::string_view mark = finding.health == Health::good   ? "ok  "
                                  : finding.health == Health::note ? "note"
                                                                   : "BAD ";
    out += std::string(mark) + "  " + left(finding.what, 20) + "  " + finding.detail + "\n";
    if (!finding.remedy.empty()) out += std::string(28, ' ') + "-> " + finding.remedy + "\n";
  }
  return out;
}

bool healthy(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.health == Health::bad; });
}

}  // namespace netscope
