// The [live] table of a rules file: the gateway's side.
#pragma once

#include "policy/toml_reader.h"

namespace netscope {

// Reports unknown keys, wrong types and unknown words. The values are read by the live program alone; a rules file that
// it would refuse is refused offline too.
void check_live_section(const TomlValue& table, FileErrors& errors);

}  // namespace netscope
