// The [live] table of a rules file: the gateway's side.
#pragma once

#include "core/policy/toml/toml_reader.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope {

// Reads the table and reports unknown keys, wrong types and unknown words: a rules file that the gateway would refuse
// is refused offline too.
LiveSettings read_live_section(const TomlValue& table, FileErrors& errors);

}  // namespace netscope
