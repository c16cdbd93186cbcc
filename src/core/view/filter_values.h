// From a field, an operator and a value to a condition.
#pragma once

#include <string>
#include <string_view>

#include "core/view/filter_tree.h"
#include "netscope/base/result.h"

namespace netscope {

enum class FilterOperator : std::uint8_t { is, less, at_most, more, at_least };

Result<FilterCondition> filter_condition(FilterField field, FilterOperator how, std::string_view value);
// `pattern`: without its slashes.
Result<FilterCondition> filter_regex_condition(FilterField field, FilterOperator how, std::string_view pattern);

}  // namespace netscope
