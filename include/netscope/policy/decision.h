// What happens to a packet, and who said so.
#pragma once

#include <cstdint>
#include <string_view>

namespace netscope {

enum class Action : std::uint8_t { accept, drop, reject };

std::string_view to_string(Action action);

// The position of a rule in its rule set, from 0. Rules of the command line come first.
using RuleIndex = std::uint32_t;
inline constexpr RuleIndex kDefaultPolicy = 0xffffffff;  // no rule matched; [policy] default spoke

struct Decision {
  Action action = Action::accept;
  RuleIndex rule = kDefaultPolicy;
  // Whether the decision leaned on the name: false, and it holds whatever the flow will say next. A later name (a
  // second HTTP request, the next DNS query) needs its own decision only where this is true.
  bool leaned_on_name = false;

  bool blocks() const { return action != Action::accept; }
  bool operator==(const Decision&) const = default;
};

}  // namespace netscope
