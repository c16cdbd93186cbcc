// The application catalogue that travels inside the program: rules/apps.toml, read and checked by the build
// (compile_catalogue), which leaves a line an application: name, category and domains, separated by tabs.

#include <algorithm>

#include "netscope/policy/catalogue/catalogue.h"

namespace netscope {
namespace {

constexpr std::string_view kBuiltInApps =
#include "built_in_catalogue.inc"
    ;

// Takes what stands before the next `end` off the front of `text`, and the `end`.
std::string_view take_until(char end, std::string_view& text) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

App read_app(std::string_view line) {
  App app;
  app.name = take_until('\t', line);
  app.category = take_until('\t', line);
  while (!line.empty()) app.domains.emplace_back(take_until('\t', line));
  return app;
}

}  // namespace

const Catalogue& Catalogue::built_in() {
  static const Catalogue catalogue = [] {
    Catalogue built;
    for (std::string_view rest = kBuiltInApps; !rest.empty();) built.apps_.push_back(read_app(take_until('\n', rest)));
    built.index_apps();
    return built;
  }();
  return catalogue;
}

}  // namespace netscope
