// What the program may do once it is set up: administer the network, and next to nothing else.
#pragma once

#include <sys/types.h>

#include <string>

#include "netscope/base/result.h"

namespace netscope {

// Whether this process has CAP_NET_ADMIN, without which neither queues nor rules can be had.
bool may_administer_network();

struct RunAs {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// The user to run as after set-up. Empty: "netscope" where there is such a user, else "nobody". Fails on an unknown
// name.
Result<RunAs> find_user(const std::string& wanted);

// Becomes that user (where this is root) with CAP_NET_ADMIN as the only capability, for good: no new privileges, an
// empty bounding set, and system calls limited to those that the program makes (others fail with EPERM). To be called
// while there is one thread; those that start later inherit it.
Result<void> drop_privileges(const RunAs& user);

// For the dashboard's process, which has no capability: from here on it can serve its connections and reach unix
// sockets, and open no file.
Result<void> limit_system_calls_of_web();

}  // namespace netscope
