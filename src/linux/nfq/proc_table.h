// The tables that the kernel shows under /proc/net: read whole, taken apart by their columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netscope/base/result.h"

namespace netscope::nfq {

// The whole text from its beginning; `name` is for the error. At most 16 MB.
Result<std::string> read_table(int descriptor, const std::string& name);

// Cuts the next line off `text`, without its end. A last line without one is not complete: none.
std::optional<std::string_view> next_line(std::string_view& text);

// Cuts the next word off `line`; empty at its end.
std::string_view next_word(std::string_view& line);

// A whole word of decimal digits.
std::optional<std::uint32_t> to_number(std::string_view word);

}  // namespace netscope::nfq
