// --flows and --events: JSON lines in the form of Suricata's EVE, so that existing collectors read them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "app/output/files.h"
#include "netscope/base/result.h"
#include "netscope/engine/event.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// One line of JSON with its line feed, appended to `out`. Names that are not UTF-8 come out with U+FFFD in their place.
void append_eve(std::string& out, const Event& event, const RuleSet& rules);

class EventLog {
 public:
  explicit EventLog(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

  // Opens the files that have a name. None may be `input`.
  Result<void> open(const std::string& flows, const std::string& events, const InputFile& input);
  bool wanted() const { return flows_ || events_; }
  // Flow events go to both files, all others to the events.
  Result<void> write(std::span<const Event> events);
  Result<void> close();

 private:
  std::shared_ptr<const RuleSet> rules_;
  std::optional<OutputFile> flows_, events_;
  std::string flow_lines_, event_lines_;
};

}  // namespace netscope
