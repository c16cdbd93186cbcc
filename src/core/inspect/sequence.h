// TCP sequence numbers wrap (RFC 9293, section 3.4).
#pragma once

#include <cstdint>

namespace netscope {

// Bytes from one to the other; negative when `to` lies before `from`.
constexpr std::int64_t distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

}  // namespace netscope
