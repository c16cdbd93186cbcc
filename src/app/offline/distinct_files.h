// No output may be the input, the rules or another output: what is there would be lost.
#pragma once

#include "app/command_line.h"
#include "netscope/base/result.h"

namespace netscope {

// Asked before any file is opened for writing. Links to one file are one file; devices and pipes may be named twice.
Result<void> check_distinct_files(const CommandLine& options);

}  // namespace netscope
