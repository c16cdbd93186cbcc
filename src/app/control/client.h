// --ctl: asks a gateway that runs, over its control socket.
#pragma once

#include <optional>
#include <string_view>

#include "app/command_line.h"

namespace netscope {

// Prints the answer; the program's exit code.
int run_control_client(const CommandLine& options);

// "90s", "30m", "2h", "7d" in seconds.
std::optional<std::uint64_t> seconds_of_span(std::string_view text);

}  // namespace netscope
