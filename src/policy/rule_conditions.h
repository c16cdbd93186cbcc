// The conditions of one [[rule]], from its table.
#pragma once

#include <span>

#include "netscope/policy/catalogue.h"
#include "netscope/policy/rule.h"
#include "policy/toml_reader.h"

namespace netscope {

// The keys of conditions and of everything else that a [[rule]] may have.
std::span<const KnownKey> rule_keys();

// Fills the conditions of `rule`; what is wrong with them goes to `errors`.
void read_conditions(const TomlValue& table, const Catalogue& catalogue, Rule& rule, FileErrors& errors);

}  // namespace netscope
