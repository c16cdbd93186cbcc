// The application catalogue: which application a host name belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"

namespace netscope {

using AppId = std::uint16_t;
inline constexpr AppId kNoApp = 0xffff;

// The position of a category in Catalogue::categories().
using CategoryId = std::uint16_t;
inline constexpr CategoryId kNoCategory = 0xffff;

struct App {
  std::string name;      // "YouTube"; unique without regard to case
  std::string category;  // "video"; lower case
  std::vector<std::string> domains;
};

// Bytes of a catalogue file; a longer one is refused.
inline constexpr std::size_t kMaxCatalogueFile = std::size_t{16} << 20;

class DomainIndex;

// Immutable once built. Matching allocates nothing.
class Catalogue {
 public:
  // A catalogue file (rules/apps.toml): [[app]] tables with name, category and domains. All errors are reported in the
  // order of the file, with line and column; a domain that two applications claim is one, and so is one below another
  // application's that was not meant to be (`within`).
  static std::expected<Catalogue, std::vector<Error>> parse(std::string_view toml, std::string_view file);
  // rules/apps.toml as it was when the program was built. Put together at the first call.
  static const Catalogue& built_in();

  // The application whose domain is the longest that `name` equals or lies below, on label boundaries; kNoApp when
  // none. `name` is in the compared form (HostName).
  AppId find(std::string_view name) const;

  // In the order of the file; an AppId is a position here.
  std::span<const App> apps() const { return apps_; }
  std::optional<AppId> named(std::string_view name) const;  // any case
  // Each category once, sorted.
  std::span<const std::string> categories() const { return categories_; }
  std::optional<CategoryId> category_named(std::string_view name) const;  // any case
  // kNoCategory for kNoApp.
  CategoryId category_of(AppId app) const { return app < category_of_.size() ? category_of_[app] : kNoCategory; }

  Catalogue(Catalogue&&) noexcept;
  Catalogue& operator=(Catalogue&&) noexcept;
  ~Catalogue();

 private:
  Catalogue();
  void index_apps();

  std::vector<App> apps_;
  std::vector<AppId> by_name_;  // sorted by name without regard to case
  std::vector<std::string> categories_;
  std::vector<CategoryId> category_of_;         // by AppId
  std::unique_ptr<const DomainIndex> domains_;  // values are AppIds
};

}  // namespace netscope
