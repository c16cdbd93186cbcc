// --doctor: what works on this machine and what does not, each with the command that mends it.
#pragma once

#include <string>
#include <vector>

#include "netscope/policy/settings/live_settings.h"

namespace netscope {

enum class Health : std::uint8_t { good, note, bad };

// One thing that was looked at.
struct Finding {
  Health health = Health::good;
  std::string what;    // "nft queue"
  std::string detail;  // "works"
  std::string remedy;  // a command; empty when there is nothing to mend
};

// Looks at the machine, changing nothing. `settings` are those that the rules file and the command line ask for.
std::vector<Finding> examine(const LiveSettings& settings, const QueueRange& queues);

// "ok", "note" and "BAD" lines within 80 columns where that can be, remedies below their findings.
std::string doctor_text(const std::vector<Finding>& findings);
// Whether filtering can work.
bool healthy(const std::vector<Finding>& findings);

}  // namespace netscope
