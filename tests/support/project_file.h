// Files of the checkout that tests read: example rules, captures.
#pragma once

#include <filesystem>
#include <string_view>

namespace netscope::test {

// The absolute path of a file, by its path from the top of the checkout.
std::filesystem::path project_file(std::string_view path);

}  // namespace netscope::test
