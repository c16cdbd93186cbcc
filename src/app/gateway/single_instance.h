// One gateway at a time.
#pragma once

#include "linux/os/descriptor.h"
#include "netscope/base/result.h"

namespace netscope {

// Takes the place of the one program that may own the kernel's rules in this network namespace; it is free again when
// the descriptor is closed or the process ends. An error names the process that has it.
Result<os::Descriptor> claim_single_instance();

}  // namespace netscope
