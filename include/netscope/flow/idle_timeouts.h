// How long flows may be silent before they are forgotten.
#pragma once

#include "netscope/base/time.h"

namespace netscope {

// How long a flow may be silent before it is forgotten, by its list (FlowList).
struct IdleTimeouts {
  Duration closed = std::chrono::seconds(10);
  Duration brief = std::chrono::seconds(60);        // UDP, ICMP, others
  Duration tcp_opening = std::chrono::seconds(60);  // no answer yet
  Duration tcp = std::chrono::minutes(30);
};

}  // namespace netscope
