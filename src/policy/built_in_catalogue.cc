// The application catalogue that travels inside the program: rules/apps.toml, which the build makes a string of.

#include <cstdlib>
#include <utility>

#include "netscope/policy/catalogue.h"

namespace netscope {
namespace {

// rules/apps.toml as string literals, which the build writes.
constexpr std::string_view kBuiltInCatalogue =
#include "built_in_catalogue.inc"
    ;

// A broken built-in catalogue is a broken program; a test keeps it from being built.
Catalogue parse_built_in() {
  std::expected<Catalogue, std::vector<Error>> catalogue = Catalogue::parse(kBuiltInCatalogue, "apps.toml");
  if (!catalogue) std::abort();
  return std::move(*catalogue);
}

}  // namespace

const Catalogue& Catalogue::built_in() {
  static const Catalogue catalogue = parse_built_in();
  return catalogue;
}

}  // namespace netscope
