// What all engines understand alike.
#pragma once

#include <string_view>

namespace netscope {

// Why a pattern is refused that the engines would read differently, or that could take one of them for ever; nullptr
// when it is not. Whether the rest makes a pattern is the engine's to say.
const char* refuse_regex_language(std::string_view pattern);

}  // namespace netscope
