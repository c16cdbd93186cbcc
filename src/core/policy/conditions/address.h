// ip, src, dst: the addresses of either end, of the client, of the server.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/conditions/condition.h"
#include "core/policy/conditions/values.h"
#include "core/policy/sets/prefix_index.h"

namespace netscope {

// Prefixes, any of which may hold an address.
class Prefixes {
 public:
  void read(const RuleReader& in, std::string_view key);
  void add(const IpPrefix& prefix);

  const Values<IpPrefix>& values() const { return values_; }
  bool contains(const IpAddress& address) const {
    if (index_ != nullptr) return index_->contains(address);
    for (const IpPrefix& prefix : values_) {
      if (prefix.contains(address)) return true;
    }
    return false;
  }
  // Without those that lie within others, sorted: an address is in one at most.
  std::vector<IpPrefix> disjoint() const;

 private:
  void index_if_long();

  Values<IpPrefix> values_;
  std::unique_ptr<const PrefixIndex> index_;  // of a long list
};

enum class End : std::uint8_t { either, client, server };

template <End kEnd>
class AddressCondition {
 public:
  static constexpr Asks kAsks = Asks::flow;
  static constexpr std::array<std::string_view, 1> kKeys{kEnd == End::either   ? "ip"
                                                         : kEnd == End::client ? "src"
                                                                               : "dst"};

  void read(const RuleReader& in) { prefixes_.read(in, kKeys[0]); }
  void add(const IpPrefix& prefix) { prefixes_.add(prefix); }
  const Prefixes& prefixes() const { return prefixes_; }
  bool empty() const { return prefixes_.values().empty(); }
  void describe(std::vector<std::string>& out) const {
    prefixes_.values().describe(kKeys[0], out, [](const IpPrefix& prefix) { return to_string(prefix); });
  }
  Holds holds(const Question& question) const {
    if (kEnd != End::server && prefixes_.contains(question.ends.client)) return Holds::yes;
    if (kEnd != End::client && prefixes_.contains(question.ends.server)) return Holds::yes;
    if (kEnd != End::server && question.lacks(Known::client)) return Holds::unknown;
    if (kEnd != End::client && question.lacks(Known::server)) return Holds::unknown;
    return Holds::no;
  }
  void because(const Question& question, std::vector<Reason>& out) const {
    for (const IpPrefix& prefix : prefixes_.values()) {
      const bool of_client = kEnd != End::server && prefix.contains(question.ends.client);
      if (!of_client && (kEnd == End::client || !prefix.contains(question.ends.server))) continue;
      const IpAddress& address = of_client ? question.ends.client : question.ends.server;
      return out.push_back({.key = kKeys[0], .value = to_string(prefix), .subject = to_string(address)});
    }
  }
  void sign(Signature& out) const;
  bool may_change() const { return false; }

 private:
  Prefixes prefixes_;
};

}  // namespace netscope
