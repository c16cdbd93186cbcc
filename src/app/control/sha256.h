// SHA-256, for tags of contents and for what is derived from secrets.
#pragma once

#include <string>
#include <string_view>

namespace netscope {

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view text);

}  // namespace netscope
