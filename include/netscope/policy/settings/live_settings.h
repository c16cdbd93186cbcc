// The [live] table of a rules file: how a gateway hands its traffic over, and what the program may touch of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/net/address.h"

namespace netscope {

// Which queue a packet goes to.
enum class Fanout : std::uint8_t {
  flow,     // by the five-tuple, both directions alike; by addresses where the kernel's firewall has no such hash
  address,  // by the two addresses and the protocol
  cpu,      // by the processor that received it: right only where both directions of a flow arrive on the same one
};

// How judged flows leave the queue.
enum class Offload : std::uint8_t {
  mark,       // by the mark of their connection
  flowtable,  // the same, and accepted ones by the kernel's flow table
  off,        // not at all: every packet is queued
};

// Which program of the kernel holds the rules that queue packets.
enum class Backend : std::uint8_t {
  automatic,  // what probing finds: nft, else iptables
  nft,
  iptables,
  none,  // the administrator loads them
};

enum class Hook : std::uint8_t { forward, input, output };

std::string_view to_string(Fanout fanout);
std::string_view to_string(Offload offload);
std::string_view to_string(Backend backend);
std::string_view to_string(Hook hook);

// All the words of each, in the order of the values.
inline constexpr std::array kFanouts{Fanout::flow, Fanout::address, Fanout::cpu};
inline constexpr std::array kOffloads{Offload::mark, Offload::flowtable, Offload::off};
inline constexpr std::array kBackends{Backend::automatic, Backend::nft, Backend::iptables, Backend::none};
inline constexpr std::array kHooks{Hook::forward, Hook::input, Hook::output};

// Whether the kernel could have an interface of that name, and no firewall program would take it for anything else. A *
// at its end stands for any ending: "ppp*".
bool is_interface_name(std::string_view text);

// NFQUEUE numbers from first to last, both included.
struct QueueRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  // "2" or "0-3".
  static Result<QueueRange> parse(std::string_view text);
  std::size_t count() const { return std::size_t{last} - first + 1; }
  bool operator==(const QueueRange&) const = default;
};

std::string to_string(const QueueRange& range);

// The bits of packet and connection marks that are the program's, and what it writes there. All other bits belong to
// other software and stay as they are.
struct Marks {
  std::uint32_t mask = 0xff000000;

  // A mask of adjacent bits, at least three: "0xff000000".
  static Result<Marks> parse(std::string_view text);

  std::uint32_t accept_flow() const { return value(1); }
  std::uint32_t drop_flow() const { return value(2); }
  std::uint32_t reject_flow() const { return value(3); }
  std::uint32_t reject_packet() const { return value(4); }  // this packet alone; never saved to the connection
  std::uint32_t forget_flow() const { return value(5); }    // what the connection bears is of another one
  std::uint32_t pass() const { return value(6); }           // this packet was looked at, and goes on
  bool operator==(const Marks&) const = default;

 private:
  std::uint32_t value(std::uint32_t number) const { return number * (mask & (~mask + 1)); }
};

// The largest number of queues, and so of workers.
inline constexpr std::size_t kMaxQueues = 64;

struct LiveSettings {
  std::optional<QueueRange> queues{};  // none: from 0, as many as there are processors
  Fanout fanout = Fanout::flow;
  Offload offload = Offload::mark;
  Backend backend = Backend::automatic;
  std::vector<Hook> hooks{Hook::forward};
  std::vector<std::string> interfaces{};           // filter only what comes in or goes out here; empty: everywhere
  std::vector<std::string> excluded_interfaces{};  // never filter what comes in or goes out here
  std::vector<IpPrefix> excluded_addresses{};      // never filter what has one of these at either end
  Marks marks{};
  std::string user{};  // after set-up; empty: "netscope" where there is such a user, else "nobody"
  bool operator==(const LiveSettings&) const = default;
};

}  // namespace netscope
