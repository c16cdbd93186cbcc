// --flows and --events: JSON lines in the form of Suricata's EVE, so that existing collectors read them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "app/output/files.h"
#include "netscope/base/result.h"
#include "netscope/engine/event.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// Where events come from: those of a capture tell the position of their packet in it.
enum class EventOrigin : std::uint8_t { capture, gateway };

// One line of JSON with its line feed, appended to `out`. Names that are not UTF-8 come out with U+FFFD in their place.
void append_eve(std::string& out, const Event& event, const RuleSet& rules, EventOrigin origin);

class EventLog {
 public:
  explicit EventLog(EventOrigin origin) : origin_(origin) {}

  // Opens the files that have a name. None may be `input`, where there is one.
  Result<void> open(const std::string& flows, const std::string& events, const InputFile* input);
  bool wanted() const { return flows_ || events_; }
  // Flow events go to both files, all others to the events. `rules` are those that the events speak of.
  Result<void> write(std::span<const Event> events, const RuleSet& rules);
  Result<void> close();

 private:
  EventOrigin origin_;
  std::optional<OutputFile> flows_, events_;
  std::string flow_lines_, event_lines_;
};

}  // namespace netscope
