// Running a program of the system.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"

namespace netscope::os {

// Runs a program found by PATH, without a shell: `input` is what it reads, the result what it prints, at most 16 MiB.
// An error when it cannot be run or fails, with what it said on standard error. Blocks until it has ended.
Result<std::string> run_program(const std::vector<std::string>& arguments, std::string_view input = {});

}  // namespace netscope::os
