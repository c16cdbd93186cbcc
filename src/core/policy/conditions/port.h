// port: the server's port, of TCP and UDP.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/conditions/condition.h"
#include "core/policy/conditions/values.h"
#include "netscope/net/headers.h"

namespace netscope {

// From first to last, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  // "443" or "8000-8100".
  static Result<PortRange> parse(std::string_view written);
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  auto operator<=>(const PortRange&) const = default;
};

std::string to_string(const PortRange& range);

class PortCondition {
 public:
  static constexpr Asks kAsks = Asks::flow;
  static constexpr std::array<std::string_view, 1> kKeys{"port"};

  void read(const RuleReader& in);
  const Values<PortRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  void describe(std::vector<std::string>& out) const;
  Holds holds(const Question& question) const {
    const bool has_ports =
        question.ends.ip_protocol == ip_protocol::tcp || question.ends.ip_protocol == ip_protocol::udp;
    if (!has_ports && !question.lacks(Known::transport)) return Holds::no;
    for (const PortRange& range : ranges_) {
      if (range.contains(question.ends.server_port)) return has_ports ? Holds::yes : Holds::unknown;
    }
    return question.lacks(Known::port) ? Holds::unknown : Holds::no;
  }
  void because(const Question& question, std::vector<Reason>& out) const;
  void sign(Signature& out) const;
  bool may_change() const { return false; }

 private:
  Values<PortRange> ranges_;
};

}  // namespace netscope
