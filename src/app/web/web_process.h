// The dashboard lives in a process of its own, with another user and without any capability: what a browser sends can
// reach the gateway by way of the control socket only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "netscope/base/result.h"

namespace netscope {

struct WebSettings {
  std::string listen;  // "127.0.0.1:8080", "[::1]:8080"
  std::string files;   // the page's folder; empty: where it is installed
  std::vector<std::string> more_hosts;
  std::string control;     // the socket's path
  std::string token_file;  // made where it is missing
  gid_t group = 0;         // that of the control socket
};

// Whether it reads as an address and a port; an error says how to write one.
Result<void> check_listen_address(const std::string& listen);

// Binds the address and forks; both while there is one thread and all privileges. The process is started anew when it
// ends, later each time, and ends with this one. An address that is taken is tried again until it is free, by then
// without privileges. The text says where the page and the token are, and what keeps it from being served now.
Result<std::string> start_web_process(const WebSettings& settings);

}  // namespace netscope
