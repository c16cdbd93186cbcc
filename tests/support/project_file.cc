#include "support/project_file.h"

namespace netscope::test {

std::filesystem::path project_file(std::string_view path) {
  return std::filesystem::path(NETSCOPE_CHECKOUT) / path;
}

}  // namespace netscope::test
