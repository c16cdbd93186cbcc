// --flows and --events: the files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "app/output/files.h"
#include "netscope/base/result.h"
#include "netscope/output/eve.h"

namespace netscope {

class EventLog {
 public:
  explicit EventLog(EventOrigin origin) : origin_(origin) {}

  // Opens the files that have a name. None may be `input`, where there is one.
  Result<void> open(const std::string& flows, const std::string& events, const InputFile* input);
  bool wanted() const { return flows_ || events_; }
  // Flow events go to both files, all others to the events. `rules` are those that the events speak of.
  Result<void> write(std::span<const Event> events, const RuleSet& rules);
  // Opens the files anew by their names, at their ends: log rotation renames them and says so. A file that cannot be
  // opened again stays as it was.
  Result<void> reopen();
  Result<void> close();

 private:
  EventOrigin origin_;
  std::optional<OutputFile> flows_, events_;
  std::string flow_lines_, event_lines_;
};

}  // namespace netscope
