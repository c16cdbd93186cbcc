#include "netscope/policy/catalogue/catalogue.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "core/policy/sets/domain_index.h"
#include "core/policy/toml/toml_reader.h"
#include "netscope/net/host_name.h"

namespace netscope {
namespace {

constexpr std::array<KnownKey, 1> kCatalogueKeys{{{"app"}}};
constexpr std::array<KnownKey, 4> kAppKeys{{{"name"}, {"category"}, {"domains"}, {"within"}}};
constexpr std::size_t kMaxAppName = 64;  // characters

bool is_category_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
  });
}

class CatalogueReader {
 public:
  explicit CatalogueReader(FileErrors& errors) : errors_(errors) {}

  App read_app(const TomlValue& table) {
    App app;
    check_keys(table, "[[app]]", kAppKeys, errors_);
    if (const TomlValue* name = required_string(table, "application", "name", errors_)) read_name(*name, app);
    if (const TomlValue* category = required_string(table, "application", "category", errors_)) {
      app.category = category->text;
      if (!is_category_name(app.category)) {
        errors_.add(*category, in_quotes(app.category) + " is no category: lower-case letters, digits and \"-\"");
      }
    }
    if (table.find("domains") == nullptr) errors_.add(table, "this application has no \"domains\"");
    for (const TomlValue* domain : strings_of(table, "domains", errors_)) read_domain(*domain, app);
    for (const TomlValue* outer : strings_of(table, "within", errors_)) within_.push_back({outer, app.name});
    return app;
  }

  // Of all applications: a domain below another one's takes names away from it, which has to be meant.
  void check_shadows() {
    std::set<std::pair<std::string, std::string>> meant, found;  // inner and outer application
    for (const auto& [outer, inner] : within_) meant.emplace(inner, outer->text);
    for (const auto& [domain, owner] : owners_) {
      const auto above = nearest_above(domain);
      if (above == owners_.end()) continue;
      const std::string& outer = above->second.app;
      found.emplace(owner.app, outer);
      const std::string below = in_quotes(domain) + " lies below " + in_quotes(above->first);
      if (outer == owner.app) {
        errors_.add(*owner.written, below + ", which is of the same application: leave one of them away");
      } else if (!meant.contains({owner.app, outer})) {
        errors_.add(*owner.written, below + " of " + in_quotes(outer) + "; if that is meant, add within = [" +
                                        in_quotes(outer) + "] to " + in_quotes(owner.app));
      }
    }
    for (const auto& [outer, inner] : within_) {
      if (found.contains({inner, outer->text})) continue;
      errors_.add(*outer, "no domain of " + in_quotes(inner) + " lies below one of " + in_quotes(outer->text));
    }
  }

 private:
  struct Owner {
    std::string app;
    const TomlValue* written;
  };
  struct Within {
    const TomlValue* outer;
    std::string inner;
  };

  std::map<std::string, Owner>::const_iterator nearest_above(std::string_view domain) const {
    auto above = owners_.end();
    for (auto dot = domain.find('.'); dot != std::string_view::npos && above == owners_.end(); dot = domain.find('.')) {
      domain.remove_prefix(dot + 1);
      above = owners_.find(std::string(domain));
    }
    return above;
  }

  void read_name(const TomlValue& name, App& app) {
    app.name = name.text;
    if (!is_printable_name(app.name, kMaxAppName)) {
      errors_.add(name,
                  in_quotes(app.name) + " is no name of 1 to " + std::to_string(kMaxAppName) + " printable characters");
    } else if (const auto [at, is_new] = lines_.try_emplace(to_lower(app.name), name.line); !is_new) {
      errors_.add(name, in_quotes(app.name) + " stands in line " + std::to_string(at->second) + " already");
    }
  }

  void read_domain(const TomlValue& written, App& app) {
    Result<std::string> domain = normalize_domain(written.text);
    if (!domain) {
      errors_.add(written, std::move(domain.error().message));
      return;
    }
    if (const auto [at, is_new] = owners_.try_emplace(*domain, Owner{app.name, &written}); !is_new) {
      errors_.add(written, in_quotes(*domain) + " belongs to " + in_quotes(at->second.app) + " already");
    }
    app.domains.push_back(std::move(*domain));
  }

  FileErrors& errors_;
  std::map<std::string, std::uint32_t> lines_;  // of names, in lower case
  std::map<std::string, Owner> owners_;         // of domains
  std::vector<Within> within_;
};

std::vector<App> read_apps(const TomlValue& root, FileErrors& errors) {
  std::vector<App> apps;
  check_keys(root, "the file", kCatalogueKeys, errors);
  const TomlValue* tables = root.find("app");
  if (tables == nullptr || !expect_kind(*tables, TomlValue::Kind::array, errors)) return apps;
  CatalogueReader reader(errors);
  for (const TomlValue& table : tables->children) {
    if (errors.full()) break;
    if (apps.size() == kNoApp) {
      errors.add(table, "more than " + std::to_string(kNoApp) + " applications");
      break;
    }
    if (expect_kind(table, TomlValue::Kind::table, errors)) apps.push_back(reader.read_app(table));
  }
  if (errors.empty()) reader.check_shadows();
  return apps;
}

// -1, 0 or 1, without regard to case.
int compare_names(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return to_lower(a[i]) < to_lower(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

}  // namespace

Catalogue::Catalogue() : domains_(std::make_unique<const DomainIndex>()) {}
Catalogue::Catalogue(Catalogue&&) noexcept = default;
Catalogue& Catalogue::operator=(Catalogue&&) noexcept = default;
Catalogue::~Catalogue() = default;

std::expected<Catalogue, std::vector<Error>> Catalogue::parse(std::string_view toml, std::string_view file) {
  Result<TomlValue> root = parse_toml(toml, kMaxCatalogueFile);
  if (!root) {
    root.error().file = file;
    return std::unexpected(std::vector<Error>{std::move(root.error())});
  }
  FileErrors errors(file);
  Catalogue catalogue;
  catalogue.apps_ = read_apps(*root, errors);
  if (!errors.empty()) return std::unexpected(errors.take());
  catalogue.index_apps();
  return catalogue;
}

void Catalogue::index_apps() {
  std::vector<DomainIndex::Entry> domains;
  for (std::size_t id = 0; id < apps_.size(); ++id) {
    by_name_.push_back(static_cast<AppId>(id));
    categories_.push_back(apps_[id].category);
    for (const std::string& domain : apps_[id].domains) {
      domains.push_back({.domain = domain, .value = static_cast<std::uint32_t>(id)});
    }
  }
  domains_ = std::make_unique<const DomainIndex>(domains);
  std::sort(by_name_.begin(), by_name_.end(),
            [this](AppId a, AppId b) { return compare_names(apps_[a].name, apps_[b].name) < 0; });
  std::sort(categories_.begin(), categories_.end());
  categories_.erase(std::unique(categories_.begin(), categories_.end()), categories_.end());
  for (const App& app : apps_) category_of_.push_back(category_named(app.category).value_or(kNoCategory));
}

AppId Catalogue::find(std::string_view name) const {
  const DomainIndex::Values owners = domains_->longest_suffix(name);
  return owners.empty() ? kNoApp : static_cast<AppId>(owners.front());
}

std::optional<AppId> Catalogue::named(std::string_view name) const {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name, [this](AppId app, std::string_view wanted) {
    return compare_names(apps_[app].name, wanted) < 0;
  });
  if (at == by_name_.end() || compare_names(apps_[*at].name, name) != 0) return std::nullopt;
  return *at;
}

std::optional<CategoryId> Catalogue::category_named(std::string_view name) const {
  const auto at = std::lower_bound(categories_.begin(), categories_.end(), name,
                                   [](std::string_view a, std::string_view b) { return compare_names(a, b) < 0; });
  if (at == categories_.end() || compare_names(*at, name) != 0) return std::nullopt;
  return static_cast<CategoryId>(at - categories_.begin());
}

}  // namespace netscope
