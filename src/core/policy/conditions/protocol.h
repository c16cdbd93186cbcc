// proto: the transport, the application protocol, or what it is used for.
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

// A transport ("tcp", "udp", "icmp": both ICMPs) or an application protocol ("tls").
struct ProtocolValue {
  std::uint8_t transport = 0;             // ip_protocol::tcp, udp or icmp; 0 when this names an application protocol
  Protocol protocol = Protocol::unknown;  // or unknown when this names a transport

  // Any case.
  static Result<ProtocolValue> parse(std::string_view written);
  // Whether it is a transport, and this one.
  bool is_transport(std::uint8_t ip_protocol) const {
    return transport != 0 &&
           (transport == ip_protocol || (transport == ip_protocol::icmp && ip_protocol == ip_protocol::icmp_v6));
  }
  auto operator<=>(const ProtocolValue&) const = default;
};

std::string_view to_string(const ProtocolValue& value);

class ProtocolCondition {
 public:
  static constexpr Asks kAsks = Asks::flow;
  static constexpr std::array<std::string_view, 1> kKeys{"proto"};

  void read(const RuleReader& in);
  const Values<ProtocolValue>& values() const { return values_; }
  bool empty() const { return values_.empty(); }
  void describe(std::vector<std::string>& out) const;
  Holds holds(const Question& question) const {
    Holds answer = Holds::no;
    for (const ProtocolValue& wanted : values_) {
      if (wanted.transport != 0) {
        if (wanted.is_transport(question.ends.ip_protocol)) return Holds::yes;
        if (question.lacks(Known::transport)) answer = Holds::unknown;
      } else if (wanted.protocol == question.protocol || wanted.protocol == question.service) {
        return Holds::yes;
      } else if (may_become(wanted.protocol, question)) {
        answer = Holds::unknown;
      }
    }
    return answer;
  }
  void because(const Question& question, std::vector<Reason>& out) const;
  void sign(Signature& out) const;
  // What a connection is used for shows in its messages.
  bool may_change() const;

 private:
  static bool may_become(Protocol wanted, const Question& question) {
    if (question.lacks(Known::protocol)) return true;
    return !question.final && (question.protocol == Protocol::unknown || may_carry(question.protocol, wanted));
  }

  Values<ProtocolValue> values_;
};

}  // namespace netscope
