// What is said of words that the catalogue does not know.
#pragma once

#include <string>
#include <string_view>

namespace netscope {

class Catalogue;

std::string unknown_app(std::string_view written, const Catalogue& catalogue);
std::string unknown_category(std::string_view written, const Catalogue& catalogue);

}  // namespace netscope
