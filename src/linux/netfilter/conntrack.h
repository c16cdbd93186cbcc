// The marks of the kernel's connections.
#pragma once

#include <cstddef>

#include "netscope/base/result.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope::netfilter {

// Clears our bits of the marks of all connections, IPv4 and IPv6; other bits stay. How many it were. Connections that
// vanish meanwhile are no error. Needs CAP_NET_ADMIN, and a kernel with ctnetlink
// (linux/netfilter/nfnetlink_conntrack.h).
Result<std::size_t> clear_marks(const Marks& marks);
// Whether the kernel lets connections be listed by mark.
Result<void> may_clear_marks();

}  // namespace netscope::netfilter
