// Events as JSON lines in the form of Suricata's EVE, so that existing collectors read them.
#pragma once

#include <cstdint>
#include <string>

#include "netscope/engine/event.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// Where events come from: those of a capture tell the position of their packet in it.
enum class EventOrigin : std::uint8_t { capture, gateway };

// One line of JSON with its line feed, appended to `out`. Names that are not UTF-8 come out with U+FFFD in their place.
void append_eve(std::string& out, const Event& event, const RuleSet& rules, EventOrigin origin);

}  // namespace netscope
