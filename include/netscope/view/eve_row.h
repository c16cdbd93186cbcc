// A flow of a gateway, as its API tells of it, as a row.
#pragma once

#include <string_view>

#include "netscope/base/result.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/view/rows.h"

namespace netscope {

// Bytes of one flow's JSON; a longer one is refused.
inline constexpr std::size_t kMaxLiveRow = 64u << 10;

// Fills the row by a `flow` line of events.jsonl. What is missing keeps its default; what has another type than it
// should is an error. `catalogue` names the application where it knows it.
Result<void> fill_from_json(FlowRow& row, std::string_view json, const Catalogue& catalogue, Texts& texts);

}  // namespace netscope
