// The application catalogue: which application a host name belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/policy/domain_index.h"

namespace netscope {

using AppId = std::uint16_t;
inline constexpr AppId kNoApp = 0xffff;

struct App {
  std::string name;      // "YouTube"; unique without regard to case
  std::string category;  // "video"; lower case
  std::vector<std::string> domains;
};

// Immutable once built. Matching allocates nothing.
class Catalogue {
 public:
  // A catalogue file (rules/apps.toml): [[app]] tables with name, category and domains. Errors carry file and line; a domain
  // that two applications claim is one.
  static std::expected<Catalogue, std::vector<Error>> parse(std::string_view toml, std::string_view file);
  // rules/apps.toml as it was when the program was built.
  static const Catalogue& built_in();

  // The application whose domain is the longest that `name` equals or lies below, on label boundaries; kNoApp when none.
  // `name` is in the compared form (HostName).
  AppId find(std::string_view name) const;

  std::span<const App> apps() const { return apps_; }
  std::optional<AppId> named(std::string_view name) const;  // any case
  bool has_category(std::string_view category) const;       // any case
  // The nearest application or category by spelling, for error messages; empty when nothing is near.
  std::string nearest(std::string_view misspelt) const;

 private:
  std::vector<App> apps_;
  DomainIndex domains_;  // values are AppIds
};

}  // namespace netscope
