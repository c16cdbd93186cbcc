#include "core/policy/conditions/name.h"

#include <algorithm>
#include <optional>

#include "core/base/near_miss.h"
#include "core/base/text.h"
#include "netscope/net/host_name.h"

namespace netscope {
namespace {

std::optional<NameSource> source_named(std::string_view word) {
  for (std::size_t i = 0; i < kNameSourceCount; ++i) {
    if (to_string(static_cast<NameSource>(i)) == word) return static_cast<NameSource>(i);
  }
  return std::nullopt;
}

Result<NameSource> parse_source(std::string_view written, RuleAction action) {
  const std::optional<NameSource> source = source_named(to_lower(written));
  if (!source) {
    std::vector<std::string_view> words;
    words.reserve(kNameSourceCount);
    for (std::size_t i = 0; i < kNameSourceCount; ++i) words.push_back(to_string(static_cast<NameSource>(i)));
    return failure(unknown_word("source of names", written, words));
  }
  if (*source == NameSource::dns && action == RuleAction::accept) {
    return failure(
        "a name from a DNS answer cannot accept: whoever asks a resolver of his own could name any address so; "
        "accept by \"dst\", or leave \"dns\" out");
  }
  return *source;
}

}  // namespace

// --- domains

Result<DomainPattern> DomainPattern::parse(std::string_view written) {
  if (written.starts_with('/')) {
    return failure(in_quotes(written) +
                   " is a regular expression, which is not supported yet; it comes with a later version");
  }
  DomainPattern pattern;
  std::string_view rest = written;
  if (rest.starts_with('=')) {
    pattern.match = DomainMatch::exact;
    rest.remove_prefix(1);
  } else if (rest.starts_with("*.")) {
    pattern.match = DomainMatch::below;
    rest.remove_prefix(2);
  }
  if (rest.find('*') != std::string_view::npos) {
    return failure(in_quotes(written) + ": a \"*\" stands only in front, as in \"*.example.org\"");
  }
  Result<std::string> domain = normalize_domain(rest);
  if (!domain) return std::unexpected(domain.error());
  pattern.domain = std::move(*domain);
  return pattern;
}

bool DomainPattern::matches(std::string_view name) const {
  switch (match) {
    case DomainMatch::suffix: return is_or_below(name, domain);
    case DomainMatch::exact: return name == domain;
    case DomainMatch::below: return name != domain && is_or_below(name, domain);
  }
  return false;
}

std::string to_string(const DomainPattern& pattern) {
  switch (pattern.match) {
    case DomainMatch::suffix: return pattern.domain;
    case DomainMatch::exact: return "=" + pattern.domain;
    case DomainMatch::below: return "*." + pattern.domain;
  }
  return pattern.domain;
}

// --- the catalogue

std::string unknown_app(std::string_view written, const Catalogue& catalogue) {
  std::string message = "unknown application " + in_quotes(written);
  if (catalogue.category_named(written))
    return message + "; it is a category: write category = [" + in_quotes(written) + "]";
  NearMiss near(written);
  for (const App& app : catalogue.apps()) near.offer(app.name);
  return message + near.suggestion() + " (--list-apps shows them all)";
}

std::string unknown_category(std::string_view written, const Catalogue& catalogue) {
  std::string message = "unknown category " + in_quotes(written);
  if (catalogue.named(written)) return message + "; it is an application: write app = [" + in_quotes(written) + "]";
  NearMiss near(written);
  for (const std::string& category : catalogue.categories()) near.offer(category);
  return message + near.suggestion() + " (--list-apps shows them all)";
}

// --- the condition

void NameCondition::read(const RuleReader& in) {
  const Catalogue& catalogue = in.catalogue;
  apps_.read(in, "app", [&](std::string_view written) -> Result<NamedId> {
    const std::optional<AppId> app = catalogue.named(written);
    if (!app) return failure(unknown_app(written, catalogue));
    return NamedId{.name = catalogue.apps()[*app].name, .id = *app};
  });
  categories_.read(in, "category", [&](std::string_view written) -> Result<NamedId> {
    const std::optional<CategoryId> category = catalogue.category_named(written);
    if (!category) return failure(unknown_category(written, catalogue));
    return NamedId{.name = catalogue.categories()[*category], .id = *category};
  });
  domains_.read(in, "domain", DomainPattern::parse);
  read_sources(in);
  sort_ids();
}

// Of use only where a name is asked for.
void NameCondition::read_sources(const RuleReader& in) {
  const TomlValue* by = in.table.find("by");
  if (by == nullptr) return;
  const auto asks_for = [&](std::string_view key) { return in.table.find(key) != nullptr; };
  if (!asks_for("app") && !asks_for("category") && !asks_for("domain")) {
    return in.errors.add_at_key(
        *by, "\"by\" says which names count, but the rule asks for none: add a domain, app or category");
  }
  sources_.read(in, "by", [&](std::string_view written) { return parse_source(written, in.action); });
  if (sources_.empty()) return;
  source_bits_ = 0;
  for (const NameSource source : sources_) source_bits_ |= bit_of(source);
}

void NameCondition::add_app(std::string name, AppId id) {
  apps_.add({.name = std::move(name), .id = id});
  sort_ids();
}

void NameCondition::sort_ids() {
  const auto sorted_ids = [](const Values<NamedId>& values) {
    Values<std::uint16_t> ids;
    for (const NamedId& named : values) ids.add(named.id);
    return ids.sorted();
  };
  app_ids_ = sorted_ids(apps_);
  category_ids_ = sorted_ids(categories_);
}

void NameCondition::describe(std::vector<std::string>& out) const {
  apps_.describe("app", out, &NamedId::name);
  categories_.describe("category", out, &NamedId::name);
  domains_.describe("domain", out, [](const DomainPattern& pattern) { return to_string(pattern); });
  describe_sources(out);
}

void NameCondition::describe_sources(std::vector<std::string>& out) const {
  sources_.describe("by", out, [](NameSource source) { return to_string(source); });
}

bool NameCondition::has_name_of(const Question& question) const {
  if (!is_among(app_ids_, question.app) || !is_among(category_ids_, question.category)) return false;
  return domains_.empty() ||
         std::ranges::any_of(domains_, [&](const DomainPattern& domain) { return domain.matches(question.name); });
}

Holds NameCondition::holds(const Question& question) const {
  if (question.name.empty()) return question.final ? Holds::no : Holds::unknown;
  if (!has_name_of(question)) return Holds::no;
  if (question.lacks(Known::source)) {
    return (source_bits_ & kShownByTheFlow) == kShownByTheFlow ? Holds::yes : Holds::unknown;
  }
  return (source_bits_ & bit_of(question.source)) != 0 ? Holds::yes : Holds::no;
}

void NameCondition::because(const Question& question, std::vector<Reason>& out) const {
  if (question.name.empty() || !has_name_of(question)) return;
  const auto add = [&](std::string_view key, std::string_view value) {
    out.push_back({.key = key, .value = std::string(value), .subject = std::string(question.name)});
  };
  for (const NamedId& app : apps_) {
    if (app.id != question.app) continue;
    add("app", app.name);
    break;
  }
  for (const NamedId& category : categories_) {
    if (category.id != question.category) continue;
    add("category", category.name);
    break;
  }
  const auto domain =
      std::ranges::find_if(domains_, [&](const DomainPattern& one) { return one.matches(question.name); });
  if (domain != domains_.end()) add("domain", to_string(*domain));
}

}  // namespace netscope
