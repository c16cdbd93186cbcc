// app, category, domain, by: the name that the flow shows, or that DNS gave its server's address.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy/conditions/condition.h"
#include "core/policy/conditions/values.h"

namespace netscope {

// How a domain compares.
enum class DomainMatch : std::uint8_t {
  suffix,  // "example.org": itself and everything below it
  exact,   // "=example.org"
  below,   // "*.example.org": everything below it, not itself
};

struct DomainPattern {
  DomainMatch match = DomainMatch::suffix;
  std::string domain{};  // in the form of normalize_domain
  auto operator<=>(const DomainPattern&) const = default;

  // "example.org", "=example.org" or "*.example.org"; a regular expression is refused with a clear word.
  static Result<DomainPattern> parse(std::string_view written);
  // `name` is in the compared form (HostName).
  bool matches(std::string_view name) const;
};

std::string to_string(const DomainPattern& pattern);

// A name of the catalogue's, and what it stands for there.
struct NamedId {
  std::string name;  // as the catalogue spells it
  std::uint16_t id = kNoApp;
};

constexpr std::uint8_t bit_of(NameSource source) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(source));
}

class NameCondition {
 public:
  static constexpr Asks kAsks = Asks::name;
  static constexpr std::array<std::string_view, 4> kKeys{"app", "category", "domain", "by"};

  void read(const RuleReader& in);
  void add_app(std::string name, AppId id);
  void add_domain(DomainPattern pattern) { domains_.add(std::move(pattern)); }

  const Values<NamedId>& apps() const { return apps_; }
  const Values<NamedId>& categories() const { return categories_; }
  const Values<DomainPattern>& domains() const { return domains_; }
  // by: which names the others hold for; empty: those that the flow itself shows. A name from a DNS answer counts only
  // where it is asked for, only for a flow that shows none, and never to accept: who brings a resolver of his own could
  // name any address what he likes.
  const Values<NameSource>& sources() const { return sources_; }
  bool asks_for_dns_names() const { return (source_bits_ & bit_of(NameSource::dns)) != 0; }

  // Sorted.
  const std::vector<AppId>& app_ids() const { return app_ids_; }
  const std::vector<CategoryId>& category_ids() const { return category_ids_; }

  bool empty() const { return domains_.empty() && app_ids_.empty() && category_ids_.empty(); }
  void describe(std::vector<std::string>& out) const;
  void describe_sources(std::vector<std::string>& out) const;
  Holds holds(const Question& question) const;
  // Whether any name that the flow shows will do whose domain is right.
  bool asks_for_domains_alone() const {
    return !domains_.empty() && app_ids_.empty() && category_ids_.empty() && source_bits_ == kShownByTheFlow;
  }
  // All but the domain, which the compiled rules have looked up.
  bool holds_besides_domain(const Question& question) const {
    return (source_bits_ & bit_of(question.source)) != 0 && is_among(app_ids_, question.app) &&
           is_among(category_ids_, question.category);
  }
  void because(const Question& question, std::vector<Reason>& out) const;

 private:
  static_assert(kNoApp == kNoCategory);
  static constexpr std::uint8_t kShownByTheFlow =
      bit_of(NameSource::sni) | bit_of(NameSource::host) | bit_of(NameSource::query);

  void read_sources(const RuleReader& in);
  void sort_ids();
  bool has_name_of(const Question& question) const;
  static bool is_among(const std::vector<std::uint16_t>& sorted, std::uint16_t id) {
    return sorted.empty() || (id != kNoApp && std::ranges::binary_search(sorted, id));
  }

  // What is looked at while rules are compiled comes first: of 100,000 rules, each line of the cache counts.
  std::uint8_t source_bits_ = kShownByTheFlow;
  Values<DomainPattern> domains_;
  std::vector<AppId> app_ids_;
  std::vector<CategoryId> category_ids_;
  Values<NamedId> apps_, categories_;
  Values<NameSource> sources_;
};

// What is said of words that the catalogue does not know.
std::string unknown_app(std::string_view written, const Catalogue& catalogue);
std::string unknown_category(std::string_view written, const Catalogue& catalogue);

}  // namespace netscope
