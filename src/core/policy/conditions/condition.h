// What every condition of a rule is.
//
// A condition is a class that reads, prints, evaluates, explains and signs itself:
//
//   static constexpr Asks kAsks;                      of what it asks
//   static constexpr std::array kKeys;                the keys of a [[rule]] that it reads
//   void read(const RuleReader& in);                  what is wrong goes to in.errors
//   bool empty() const;                               none of its keys was written: it does not ask
//   void describe(std::vector<std::string>&) const;   "port 443, 8000-8100", for --check
//   Holds holds(const Question&) const;               not asked of an empty one
//   void because(const Question&, std::vector<Reason>&) const;   the value that holds, if one does
//   void sign(Signature&) const;                      rules of equal signatures are judged together
//   bool may_change() const;                          whether a later message of the flow can change a "no"
//
// The last two are not for what asks for a name: by it the compiled rules are looked up, and it may always change.
// Values of one key are alternatives; conditions of one rule must all hold. conditions.h lists them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/policy/conditions/signature.h"
#include "netscope/policy/explain.h"
#include "netscope/policy/question.h"

namespace netscope {

// Of what a condition asks: of the flow, which is known early; of a message of it; or of a name.
enum class Asks : std::uint8_t { flow, message, name };
inline constexpr std::size_t kAsksCount = 3;

}  // namespace netscope
