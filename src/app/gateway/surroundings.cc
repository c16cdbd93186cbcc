#include "app/gateway/surroundings.h"

#include <algorithm>
#include <fstream>
#include <functional>

namespace netscope {
namespace {

using Link = Surroundings::Link;
using Weight = Obstacle::Weight;

std::string word_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

bool is_on(const std::filesystem::path& file) {
  return word_in(file) == "1";
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored)) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

bool matches(const std::string& pattern, const std::string& name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

bool filters_at(const LiveSettings& settings, Hook hook) {
  return std::ranges::find(settings.hooks, hook) != settings.hooks.end();
}

// An interface that may come later is waited for, and one that never comes filters nothing. By a bridge's port nothing
// comes at all: the hooks of IP are told the bridge, whether the packet is for the machine, routed or bridged.
void look_at_interfaces(const LiveSettings& settings, const Surroundings& machine, std::vector<Obstacle>& out) {
  std::vector<Obstacle> found;
  std::size_t useless = 0;
  for (const std::string& wanted : settings.interfaces) {
    const auto named = [&](const Link& link) { return matches(wanted, link.name); };
    const auto good = [&](const Link& link) { return named(link) && link.bridge.empty(); };
    if (std::ranges::any_of(machine.links, good)) continue;
    ++useless;
    const auto port = std::ranges::find_if(machine.links, named);
    if (port == machine.links.end()) {
      found.push_back({.what = "interface " + wanted + " is not there, and nothing comes by it until it is",
                       .remedy = "name one that ip link shows: --interface, or interfaces in [live]"});
    } else {
      found.push_back({.what = "interface " + port->name + " is a port of the bridge " + port->bridge +
                               ", and what comes by it comes by " + port->bridge + " for the filter",
                       .remedy = "name the bridge: --interface " + port->bridge});
    }
  }
  for (Obstacle& obstacle : found) {
    obstacle.weight = useless == settings.interfaces.size() ? Weight::whole : Weight::part;
    out.push_back(std::move(obstacle));
  }
}

// The first bridge that passes packets between ports without showing them to the hooks of IP; empty: none does.
std::string hiding_bridge(const Surroundings& machine) {
  for (const Link& bridge : machine.links) {
    const auto ports = std::ranges::count(machine.links, bridge.name, &Link::bridge);
    if (ports > 1 && !bridge.shows_bridged) return bridge.name;
  }
  return {};
}

bool has_showing_bridge(const Surroundings& machine) {
  return std::ranges::any_of(machine.links, [&](const Link& bridge) {
    return bridge.shows_bridged && std::ranges::count(machine.links, bridge.name, &Link::bridge) > 1;
  });
}

void look_at_forwarding(const LiveSettings& settings, const Surroundings& machine, std::vector<Obstacle>& out) {
  if (!filters_at(settings, Hook::forward)) return;
  const Weight weight = settings.hooks.size() == 1 ? Weight::whole : Weight::part;
  if (const std::string bridge = hiding_bridge(machine); !bridge.empty()) {
    out.push_back({.weight = machine.forwards || has_showing_bridge(machine) ? Weight::hint : weight,
                   .what = "what the bridge " + bridge + " passes from port to port is not shown to the filter",
                   .remedy = "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1 "
                             "net.bridge.bridge-nf-call-ip6tables=1"});
  } else if (!machine.forwards && !has_showing_bridge(machine)) {
    out.push_back({.weight = weight,
                   .what = "this machine forwards no packets, and those that it sends or gets itself are not asked for",
                   .remedy = "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1, or filter a single host: "
                             "--hook input --hook output"});
  }
}

}  // namespace

Surroundings look_around(const std::filesystem::path& root) {
  Surroundings machine;
  const auto links = root / "sys/class/net", settings = root / "proc/sys/net";
  const bool all_bridges_show = is_on(settings / "bridge/bridge-nf-call-iptables");
  for (const std::string& name : names_in(links)) {
    if (name == "lo") continue;
    std::error_code none;
    const auto bridge = std::filesystem::read_symlink(links / name / "brport/bridge", none);
    const bool is_bridge = std::filesystem::is_directory(links / name / "bridge", none);
    machine.links.push_back(
        {.name = name,
         .bridge = bridge.filename(),
         .shows_bridged = is_bridge && (all_bridges_show || is_on(links / name / "bridge/nf_call_iptables"))});
  }
  // IPv4 asks the interface that a packet came by, IPv6 the machine. What cannot be read is no reason to complain.
  machine.forwards = word_in(settings / "ipv4/ip_forward") != "0" || is_on(settings / "ipv6/conf/all/forwarding");
  for (const Link& link : machine.links) {
    machine.forwards = machine.forwards || is_on(settings / "ipv4/conf" / link.name / "forwarding");
  }
  return machine;
}

std::vector<Obstacle> obstacles(const LiveSettings& settings, const Surroundings& machine) {
  std::vector<Obstacle> out;
  look_at_interfaces(settings, machine, out);
  look_at_forwarding(settings, machine, out);
  std::ranges::stable_sort(out, std::greater{}, &Obstacle::weight);
  return out;
}

std::string to_string(const Obstacle& obstacle) {
  return obstacle.what + "; " + obstacle.remedy;
}

}  // namespace netscope
