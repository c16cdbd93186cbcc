#include "app/gateway/carried_out.h"

#include <algorithm>
#include <utility>

namespace netscope {

void CarriedOut::see(const Reading& reading, Time now) {
  if (last_ && now - *last_ >= kRemembered) last_.reset();
  if (reading.table != before_.table) {
    stopped_at_first_ = reading.stopped;
    missing_at_first_ = missing_;
    is_first_ = true;
  } else if (std::exchange(is_first_, false)) {
    to_stop_at_first_ = to_stop(reading);
    refused_at_first_ = reading.refused;
  } else {
    const std::uint64_t to_stop_until_then = to_stop(before_) - std::min(to_stop(before_), to_stop_at_first_);
    const std::uint64_t seen = reading.stopped - stopped_at_first_ + reading.refused - refused_at_first_;
    const std::uint64_t missing = missing_at_first_ + to_stop_until_then - std::min(to_stop_until_then, seen);
    if (missing > missing_) {
      missing_ = missing;
      last_ = now;
    }
  }
  before_ = reading;
}

std::optional<std::string> CarriedOut::trouble() const {
  if (!last_) return std::nullopt;
  return std::to_string(missing_) +
         " packets that were told as blocked did not come to the rules that stop them: somebody's rules took the "
         "program's mark from them, or led them past. Look for rules that set marks (iptables -t mangle -S, nft list "
         "ruleset), and let them leave the bits of mark_mask alone";
}

}  // namespace netscope
