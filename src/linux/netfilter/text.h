// What both forms of the rules write alike.
#pragma once

#include <cstdint>
#include <string>

namespace netscope::netfilter {

// "0xff000000"
std::string hex(std::uint32_t number);

}  // namespace netscope::netfilter
