// Queued in mangle, and carried out there, so that nobody's rules in between can undo it: an answer makes the packet
// enter our chain once more (NF_REPEAT), with a mark. Then the rest of mangle is asked, as for packets that were not
// queued. Filter alone can reject; what it let pass all the same, since somebody's rule stood ahead of ours, is dropped
// where packets leave.
#include "linux/netfilter/iptables_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

#include "linux/netfilter/text.h"

namespace netscope::netfilter {
namespace {

// Our chains by table.
constexpr std::array<std::string_view, 4> kMangleChains{"NETSCOPE", "NETSCOPE-JUDGE", "NETSCOPE-VERDICT",
                                                        "NETSCOPE-LEAVE"};
constexpr std::array<std::string_view, 2> kFilterChains{"NETSCOPE-REJECT", "NETSCOPE-ANSWER"};
// Those that others' chains lead to.
constexpr std::array<std::string_view, 3> kEntrances{"NETSCOPE", "NETSCOPE-LEAVE", "NETSCOPE-REJECT"};

std::string_view chain_of(Hook hook) {
  switch (hook) {
    case Hook::forward: return "FORWARD";
    case Hook::input: return "INPUT";
    case Hook::output: return "OUTPUT";
  }
  return "";
}

class IptablesWriter {
 public:
  IptablesWriter(const TableSettings& settings, IpVersion version)
      : settings_(settings), live_(settings.live), version_(version) {}

  std::string write(std::span<const IptablesRule> before) {
    begin("mangle", kMangleChains, before);
    queue_rules();
    judge_rules();
    verdict_rules();
    leave_rules();
    for (const Hook hook : live_.hooks) enter(chain_of(hook), "NETSCOPE");
    enter("POSTROUTING", "NETSCOPE-LEAVE");
    line("COMMIT");
    begin("filter", kFilterChains, before);
    reject_rules();
    for (const Hook hook : live_.hooks) enter(chain_of(hook), "NETSCOPE-REJECT");
    line("COMMIT");
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }
  void add(std::string_view chain, const std::string& rule) { line("-A " + std::string(chain) + " " + rule); }
  std::string masked(std::uint32_t value) const { return hex(value) + "/" + hex(live_.marks.mask); }
  std::string bears(std::uint32_t value) const { return "-m mark --mark " + masked(value); }

  void begin(std::string_view table, std::span<const std::string_view> chains, std::span<const IptablesRule> before) {
    line("*" + std::string(table));
    for (const std::string_view chain : chains) line(":" + std::string(chain) + " - [0:0]");
    for (const IptablesRule& jump : before) {
      if (jump.table == table) line("-D" + jump.rule.substr(2));
    }
  }
  void enter(std::string_view from, std::string_view chain) {
    line("-I " + std::string(from) + " -j " + std::string(chain));
  }

  static std::string interface_of(const std::string& name) {
    return name.ends_with('*') ? name.substr(0, name.size() - 1) + "+" : name;
  }

  void queue_rules() {
    if (std::find(live_.hooks.begin(), live_.hooks.end(), Hook::input) != live_.hooks.end()) {
      add("NETSCOPE", "-i lo -j RETURN");
    }
    if (std::find(live_.hooks.begin(), live_.hooks.end(), Hook::output) != live_.hooks.end()) {
      add("NETSCOPE", "-o lo -j RETURN");
    }
    for (const std::string& name : live_.excluded_interfaces) {
      for (const char* side : {"-i ", "-o "}) add("NETSCOPE", side + interface_of(name) + " -j RETURN");
    }
    for (const IpPrefix& prefix : live_.excluded_addresses) {
      if (prefix.address.version != version_) continue;
      for (const char* end : {"-s ", "-d "}) add("NETSCOPE", end + to_string(prefix) + " -j RETURN");
    }
    for (const std::string& name : live_.interfaces) {
      for (const char* side : {"-i ", "-o "}) add("NETSCOPE", side + interface_of(name) + " -g NETSCOPE-JUDGE");
    }
    if (live_.interfaces.empty()) add("NETSCOPE", "-g NETSCOPE-JUDGE");
  }

  void judge_rules() {
    constexpr int kMptcp = 30;  // the option's kind (RFC 8684, section 3)
    const Marks& marks = live_.marks;
    const std::uint32_t beyond = marks.mask & ~(marks.accept_flow() * 7);  // no value of ours has any of these
    add("NETSCOPE-JUDGE",
        "-m mark ! --mark " + masked(0) + " -m mark --mark 0x00000000/" + hex(beyond) + " -g NETSCOPE-VERDICT");
    add("NETSCOPE-JUDGE", "-m mark ! --mark " + masked(0) + " -j MARK --set-xmark " + masked(0));
    if (settings_.strips_mptcp) {
      add("NETSCOPE-JUDGE", "-p tcp --tcp-flags SYN SYN -j TCPOPTSTRIP --strip-options " + std::to_string(kMptcp));
    }
    if (live_.offload != Offload::off) {
      add("NETSCOPE-JUDGE", "-p tcp --tcp-flags SYN SYN " + queue_target());
      if (settings_.sees_initials) queue_initials();
      add("NETSCOPE-JUDGE", "-m connmark --mark " + masked(marks.accept_flow()) + " -j RETURN");
      add("NETSCOPE-JUDGE", "-m connmark --mark " + masked(marks.drop_flow()) + " -j DROP");
      add("NETSCOPE-JUDGE",
          "-m connmark --mark " + masked(marks.reject_flow()) + " -j MARK --set-xmark " + masked(marks.reject_flow()));
      add("NETSCOPE-JUDGE", bears(marks.reject_flow()) + " -j RETURN");
    }
    add("NETSCOPE-JUDGE", queue_target());
  }

  // By the match u32, which reads four bytes at an offset from the IP header on. It knows where the header of IPv4
  // ends; that of IPv6 is taken to be alone, and what has more of them is queued.
  void queue_initials() {
    const bool v4 = version_ == IpVersion::v4;
    if (!v4) add("NETSCOPE-JUDGE", "-p udp -m u32 --u32 \"3&0xff=0:16,18:255\" " + queue_target());
    const std::string udp = v4 ? "0>>22&0x3c@" : "";
    const unsigned payload = v4 ? 8 : 48, shortest = (v4 ? 20 : 40) + kInitialLength;
    std::string versions;
    for (const auto& [first, last] : kQuicVersions) {
      versions += (versions.empty() ? "" : ",") + hex(first) + (first == last ? "" : ":" + hex(last));
    }
    add("NETSCOPE-JUDGE", "-p udp -m length --length " + std::to_string(shortest) + ": -m u32 --u32 \"" + udp +
                              std::to_string(payload) + ">>30=" + std::to_string(kLongHeader) + "&&" + udp +
                              std::to_string(payload + 1) + "=" + versions + "\" " + queue_target());
  }

  std::string queue_target() const {
    const QueueRange& queues = settings_.queues;
    std::string target = "-j NFQUEUE ";
    target += queues.count() == 1
                  ? "--queue-num " + std::to_string(queues.first)
                  : "--queue-balance " + std::to_string(queues.first) + ":" + std::to_string(queues.last);
    if (settings_.bypass) target += " --queue-bypass";
    if (queues.count() > 1 && live_.fanout == Fanout::cpu) target += " --queue-cpu-fanout";
    return target;
  }

  // Of a packet that comes back from its queue.
  void verdict_rules() {
    const Marks& marks = live_.marks;
    if (live_.offload != Offload::off) {
      add("NETSCOPE-VERDICT", bears(marks.forget_flow()) + " -j CONNMARK --set-xmark " + masked(0));
      for (const std::uint32_t value : {marks.accept_flow(), marks.drop_flow(), marks.reject_flow()}) {
        add("NETSCOPE-VERDICT",
            bears(value) + " -j CONNMARK --save-mark --nfmask " + hex(marks.mask) + " --ctmask " + hex(marks.mask));
      }
    }
    add("NETSCOPE-VERDICT", bears(marks.drop_flow()) + " -j DROP");
    for (const std::uint32_t value : {marks.reject_flow(), marks.reject_packet()}) {
      add("NETSCOPE-VERDICT", bears(value) + " -j RETURN");
    }
    for (const std::uint32_t value : {marks.accept_flow(), marks.forget_flow(), marks.pass()}) {
      add("NETSCOPE-VERDICT", bears(value) + " -j MARK --set-xmark " + masked(0));
    }
    add("NETSCOPE-VERDICT", bears(0) + " -j RETURN");
    add("NETSCOPE-VERDICT", "-j MARK --set-xmark " + masked(0));  // it was not us who set it
    add("NETSCOPE-VERDICT", queue_target());
  }

  void leave_rules() {
    for (const std::uint32_t value : {live_.marks.reject_flow(), live_.marks.reject_packet()}) {
      add("NETSCOPE-LEAVE", bears(value) + " -j DROP");
    }
  }

  void reject_rules() {
    for (const std::uint32_t value : {live_.marks.reject_flow(), live_.marks.reject_packet()}) {
      add("NETSCOPE-REJECT", bears(value) + " -g NETSCOPE-ANSWER");
    }
    add("NETSCOPE-ANSWER", "-p tcp -j REJECT --reject-with tcp-reset");
    add("NETSCOPE-ANSWER", std::string("-j REJECT --reject-with ") +
                               (version_ == IpVersion::v4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited"));
  }

  const TableSettings& settings_;
  const LiveSettings& live_;
  IpVersion version_;
  std::string out_;
};

}  // namespace

namespace {

// Calls `visit(table, line)` for each line that a listing of iptables-save shows, without its counters.
template <class Visit>
void for_each_line(std::string_view listing, Visit&& visit) {
  std::istringstream lines{std::string(listing)};
  std::string line, table;
  while (std::getline(lines, line)) {
    if (line.starts_with('*')) table = line.substr(1);
    if (line.starts_with('[')) line.erase(0, line.find(' ') + 1);
    visit(table, line);
  }
}

// The same for each rule.
template <class Visit>
void for_each_rule(std::string_view listing, Visit&& visit) {
  for_each_line(listing, [&](const std::string& table, const std::string& line) {
    if (line.starts_with("-A ")) visit(table, line);
  });
}

bool leads_to_us(std::string_view rule) {
  return std::ranges::any_of(kEntrances,
                             [&](std::string_view chain) { return rule.ends_with(" -j " + std::string(chain)); });
}

IptablesRule jump(const char* table, std::string_view from, std::string_view to) {
  return {table, "-A " + std::string(from) + " -j " + std::string(to)};
}

// Those that must not be missed: of what filter does not see, mangle says the same once more.
std::vector<IptablesRule> mangle_jumps(std::span<const Hook> hooks) {
  std::vector<IptablesRule> jumps;
  for (const Hook hook : hooks) jumps.push_back(jump("mangle", chain_of(hook), "NETSCOPE"));
  jumps.push_back(jump("mangle", "POSTROUTING", "NETSCOPE-LEAVE"));
  return jumps;
}

// Targets behind which a packet goes on with the next rule (iptables-extensions(8)).
constexpr std::array<std::string_view, 25> kGoesOn{
    "AUDIT", "CHECKSUM",  "CLASSIFY",    "CONNMARK", "CONNSECMARK", "CT",    "DSCP",    "ECN",     "HL",
    "HMARK", "IDLETIMER", "LED",         "LOG",      "MARK",        "NFLOG", "NOTRACK", "RATEEST", "SECMARK",
    "SET",   "TCPMSS",    "TCPOPTSTRIP", "TEE",      "TOS",         "TRACE", "TTL"};

// The chains of mangle as a listing shows them.
class MangleChains {
 public:
  explicit MangleChains(std::string_view listing) {
    for_each_line(listing, [this](const std::string& table, const std::string& line) {
      if (table != "mangle") return;
      if (line.starts_with(':')) chains_[std::string(word_behind(line, ":"))];
      if (line.starts_with("-A ")) chains_[std::string(word_behind(line, "-A "))].push_back(line);
    });
  }

  // The rules ahead of `ours` in its chain that could keep a packet from it; none where it is not there.
  std::vector<std::string> ahead_of(const std::string& ours) const {
    std::vector<std::string> found;
    const auto chain = chains_.find(std::string(word_behind(ours, "-A ")));
    if (chain == chains_.end()) return found;
    for (const std::string& rule : chain->second) {
      if (rule == ours) return found;
      // Where a chain of the kernel's is left, its policy follows.
      const bool leaves = rule.ends_with(" -j RETURN") || rule.find(" -g ") != std::string::npos;
      std::set<std::string> seen;
      if (leaves || may_end(rule, seen)) found.push_back(rule);
    }
    return {};
  }

 private:
  // Behind the last one, since comments come before a target and what is not told apart ends the way sooner.
  static std::string_view word_behind(std::string_view rule, std::string_view option) {
    const std::size_t at = option.starts_with(' ') ? rule.rfind(option) : rule.find(option);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = rule.substr(at + option.size());
    return rest.substr(0, rest.find(' '));
  }

  // Whether the packet's way through the kernel's chain can end at this rule. A chain is looked at once, so that the
  // work is bounded.
  bool may_end(const std::string& rule, std::set<std::string>& seen) const {
    std::string target(word_behind(rule, " -j "));
    if (target.empty()) target = word_behind(rule, " -g ");
    if (target.empty() || target == "RETURN" || std::ranges::find(kGoesOn, target) != kGoesOn.end()) return false;
    const auto chain = chains_.find(target);
    if (chain == chains_.end()) return true;
    if (!seen.insert(target).second) return false;
    return std::ranges::any_of(chain->second, [&](const std::string& inner) { return may_end(inner, seen); });
  }

  std::map<std::string, std::vector<std::string>> chains_;
};

}  // namespace

std::vector<IptablesRule> iptables_jumps(std::string_view listing) {
  std::vector<IptablesRule> jumps;
  for_each_rule(listing, [&](const std::string& table, const std::string& rule) {
    if (leads_to_us(rule)) jumps.push_back({table, rule});
  });
  return jumps;
}

std::size_t iptables_neighbours(std::string_view listing, std::span<const Hook> hooks) {
  std::size_t count = 0;
  for_each_rule(listing, [&](const std::string& table, const std::string& rule) {
    if (table != "mangle" || leads_to_us(rule)) return;
    for (const Hook hook : hooks) {
      if (rule.starts_with("-A " + std::string(chain_of(hook)) + " ")) ++count;
    }
  });
  return count;
}

bool iptables_is_whole(std::string_view listing, const TableSettings& settings, std::string_view installed) {
  const auto jumps = iptables_jumps(listing);
  const auto has = [&](const char* table, std::string_view chain, std::string_view to) {
    return std::ranges::find(jumps, jump(table, chain, to)) != jumps.end();
  };
  for (const Hook hook : settings.live.hooks) {
    if (!has("mangle", chain_of(hook), "NETSCOPE") || !has("filter", chain_of(hook), "NETSCOPE-REJECT")) return false;
  }
  const auto own_rules = [](std::string_view text) {
    std::size_t count = 0;
    for_each_rule(text, [&](const std::string&, const std::string& rule) { count += rule.starts_with("-A NETSCOPE"); });
    return count;
  };
  return has("mangle", "POSTROUTING", "NETSCOPE-LEAVE") && own_rules(listing) >= own_rules(installed);
}

std::vector<IptablesRule> iptables_ahead(std::string_view listing, std::span<const Hook> hooks) {
  const MangleChains chains(listing);
  std::vector<IptablesRule> ahead;
  for (const IptablesRule& ours : mangle_jumps(hooks)) {
    for (std::string& rule : chains.ahead_of(ours.rule)) ahead.push_back({"mangle", std::move(rule)});
  }
  return ahead;
}

std::string iptables_to_front(std::string_view listing, std::span<const Hook> hooks) {
  const MangleChains chains(listing);
  std::string moves;
  for (const IptablesRule& ours : mangle_jumps(hooks)) {
    if (chains.ahead_of(ours.rule).empty()) continue;
    const std::string arguments = ours.rule.substr(2);
    moves.append("-D").append(arguments).append("\n-I").append(arguments).append("\n");
  }
  return moves.empty() ? "" : "*mangle\n" + moves + "COMMIT\n";
}

std::string iptables_rules(const TableSettings& settings, IpVersion version, std::span<const IptablesRule> before) {
  return IptablesWriter(settings, version).write(before);
}

std::string iptables_removal(std::string_view listing) {
  const auto jumps = iptables_jumps(listing);
  std::string out;
  using Chains = std::span<const std::string_view>;
  for (const auto& [table, chains] :
       {std::pair{"mangle", Chains(kMangleChains)}, std::pair{"filter", Chains(kFilterChains)}}) {
    std::string text;
    std::istringstream lines{std::string(listing)};
    std::string line, current;
    std::vector<std::string_view> present;
    while (std::getline(lines, line)) {
      if (line.starts_with('*')) current = line.substr(1);
      for (const std::string_view chain : chains) {
        if (current == table && line.starts_with(":" + std::string(chain) + " ")) present.push_back(chain);
      }
    }
    for (const IptablesRule& jump : jumps) {
      if (jump.table == table) text += "-D" + jump.rule.substr(2) + "\n";
    }
    for (const std::string_view chain : present) text += "-F " + std::string(chain) + "\n";
    for (const std::string_view chain : present) text += "-X " + std::string(chain) + "\n";
    if (!text.empty()) out += "*" + std::string(table) + "\n" + text + "COMMIT\n";
  }
  return out;
}

}  // namespace netscope::netfilter
