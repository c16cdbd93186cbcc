// The conditions that a rule may have: the list of all of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/policy/conditions/address.h"
#include "core/policy/conditions/ja4.h"
#include "core/policy/conditions/name.h"
#include "core/policy/conditions/port.h"
#include "core/policy/conditions/protocol.h"

namespace netscope {

// Those of one rule; never changed once they are complete. A new condition needs a member, and a line in for_each.
struct Conditions {
 private:
  // A bit for each that is not empty, so that the others are not touched; by what they ask for.
  std::array<std::uint32_t, kAsksCount> asked_{};
  bool may_change_ = false;

 public:
  NameCondition name;
  AddressCondition<End::either> either;
  AddressCondition<End::client> client;
  AddressCondition<End::server> server;
  PortCondition port;
  ProtocolCondition protocol;
  Ja4Condition ja4;

  // Calls `visit(condition)` for each, in the order in which they are printed and explained.
  template <class Self, class Visit>
  static void for_each(Self& self, Visit&& visit) {
    visit(self.name);
    visit(self.either);
    visit(self.client);
    visit(self.server);
    visit(self.port);
    visit(self.protocol);
    visit(self.ja4);
  }

  // The conditions of a rule's table, of which the rule itself reads "name" and "action". Unknown keys are errors too.
  static std::shared_ptr<const Conditions> read(const RuleReader& in);
  // What `fill` puts into them, for rules that no file holds.
  template <class Fill>
  static std::shared_ptr<const Conditions> of(Fill&& fill) {
    auto conditions = std::make_shared<Conditions>();
    fill(*conditions);
    conditions->complete();
    return conditions;
  }

  // Whether any asks for this.
  bool ask_for(Asks asks) const { return asked_[static_cast<std::size_t>(asks)] != 0; }
  // The conjunction of all that ask for this.
  template <Asks kAsks>
  Holds hold(const Question& question) const {
    Holds answer = Holds::yes;
    const std::uint32_t asked = asked_[static_cast<std::size_t>(kAsks)];
    if (asked == 0) return answer;
    std::uint32_t bit = 1;
    for_each(*this, [&]<class Condition>(const Condition& condition) {
      if constexpr (Condition::kAsks == kAsks) {
        if ((asked & bit) != 0 && answer != Holds::no) answer = std::min(answer, condition.holds(question));
      }
      bit <<= 1;
    });
    return answer;
  }
  // Whether a later message of a flow may turn the conditions on the flow or on messages from "no" to "yes".
  bool may_change() const { return may_change_; }
  // Of the conditions on the flow and on messages.
  std::string signature() const;

 private:
  void complete();
};

}  // namespace netscope
