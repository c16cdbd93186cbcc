// What a condition is read from.
#pragma once

#include "core/policy/toml/toml_reader.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/policy.h"

namespace netscope {

// The table of one [[rule]], and what is needed to understand it. Keeps references.
struct RuleReader {
  const TomlValue& table;
  RuleAction action;
  const Catalogue& catalogue;
  FileErrors& errors;
};

}  // namespace netscope
