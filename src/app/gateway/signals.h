// What the program is asked for from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "linux/os/descriptor.h"

namespace netscope {

enum class Request : std::uint8_t { stop, reload, rotate };

// Takes SIGTERM, SIGINT, SIGHUP and SIGUSR1 out of the way of this thread and those that it starts.
class Signals {
 public:
  Signals();
  // The next request; nothing within that time, or when `also`, a file to read from, is ready before.
  std::optional<Request> wait(std::chrono::milliseconds timeout, int also);

 private:
  os::Descriptor file_;
};

}  // namespace netscope
