// The conditions of one [[rule]], from its table.
#pragma once

#include <span>

#include "core/policy/toml/toml_reader.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/policy.h"

namespace netscope {

// The keys of conditions and of everything else that a [[rule]] may have.
std::span<const KnownKey> rule_keys();

// Fills the conditions of `rule`; what is wrong with them goes to `errors`.
void read_conditions(const TomlValue& table, const Catalogue& catalogue, Rule& rule, FileErrors& errors);

}  // namespace netscope
