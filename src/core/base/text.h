// Text for people: as rules and catalogues are written, and as errors quote it.
#pragma once

#include <string>
#include <string_view>

namespace netscope {

// ASCII only.
constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}
std::string to_lower(std::string_view text);

// In quotes, shortened when it is long, and without control characters: fit for a terminal.
std::string in_quotes(std::string_view text);

// Whether `text` is 1 to `max` characters of UTF-8 that all show: no controls, no line or paragraph separators, and
// none of the invisible ones that change the direction of the text around them.
bool is_printable_name(std::string_view text, std::size_t max);

}  // namespace netscope
