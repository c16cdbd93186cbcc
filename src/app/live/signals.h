// What the program is asked for from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "netscope/nfq/descriptor.h"

namespace netscope {

enum class Request : std::uint8_t { stop, reload };

// Takes SIGTERM, SIGINT and SIGHUP out of the way of this thread and those that it starts.
class Signals {
 public:
  Signals();
  // The next request, or nothing within that time.
  std::optional<Request> wait(std::chrono::milliseconds timeout);

 private:
  nfq::Descriptor file_;
};

}  // namespace netscope
