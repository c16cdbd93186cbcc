// What of the machine decides whether a packet can come to the filter at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "netscope/policy/settings/live_settings.h"

namespace netscope {

struct Surroundings {
  struct Link {
    std::string name;
    std::string bridge{};        // whose port it is; empty: of none
    bool shows_bridged = false;  // a bridge: what it passes from port to port comes to the hooks of IP
    bool operator==(const Link&) const = default;
  };
  std::vector<Link> links{};  // by name, without the loopback
  bool forwards = false;      // IPv4 or IPv6, from any interface
};

// Reads /sys/class/net and /proc/sys/net below `root`; what cannot be read is not there.
Surroundings look_around(const std::filesystem::path& root = "/");

// Something in the way of packets to the filter, and what to do.
struct Obstacle {
  enum class Weight : std::uint8_t {
    hint,   // some packets do not come, which may be meant
    part,   // some of what the settings name cannot come
    whole,  // nothing can come
  };
  Weight weight = Weight::hint;
  std::string what, remedy;
};

// The gravest first.
std::vector<Obstacle> obstacles(const LiveSettings& settings, const Surroundings& machine);

// "interface lan9 is not there; ip link shows those that are: ..."
std::string to_string(const Obstacle& obstacle);

}  // namespace netscope
