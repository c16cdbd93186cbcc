#pragma once

#include <string_view>

namespace netscope {

std::string_view version();  // "0.1.0"
std::string_view commit();   // the commit it was built from, shortened; "unknown" outside a checkout

}  // namespace netscope
