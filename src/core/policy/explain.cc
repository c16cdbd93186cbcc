#include "netscope/policy/explain.h"

#include <algorithm>
#include <type_traits>

#include "core/policy/conditions/conditions.h"
#include "netscope/net/host_name.h"

namespace netscope {
namespace {

// Of a connection of which nothing is known but a name that it shows.
constexpr std::uint8_t kNothingElse = 0x7f;

// What of a rule's conditions cannot be told for want of facts. Of those on a name, it is where the name comes from.
std::vector<std::string> left_open(const Conditions& conditions, const Question& question) {
  std::vector<std::string> out;
  Conditions::for_each(conditions, [&]<class Condition>(const Condition& condition) {
    if (condition.empty() || condition.holds(question) != Holds::unknown) return;
    if constexpr (std::is_same_v<Condition, NameCondition>) {
      condition.describe_sources(out);
    } else {
      condition.describe(out);
    }
  });
  return out;
}

std::vector<CatalogueEntry> entries_above(const Catalogue& catalogue, std::string_view name) {
  std::vector<CatalogueEntry> out;
  for (std::size_t app = 0; app < catalogue.apps().size(); ++app) {
    for (const std::string& domain : catalogue.apps()[app].domains) {
      if (is_or_below(name, domain)) out.push_back({.domain = domain, .app = static_cast<AppId>(app)});
    }
  }
  std::ranges::sort(out, std::ranges::greater(), [](const CatalogueEntry& entry) { return entry.domain.size(); });
  return out;
}

}  // namespace

std::vector<std::string> condition_texts(const Rule& rule) {
  std::vector<std::string> out;
  if (rule.conditions == nullptr) return out;
  Conditions::for_each(*rule.conditions, [&](const auto& condition) { condition.describe(out); });
  return out;
}

std::vector<Reason> reasons(const Rule& rule, const Question& question) {
  std::vector<Reason> out;
  if (rule.conditions == nullptr) return out;
  Conditions::for_each(*rule.conditions, [&](const auto& condition) {
    if (!condition.empty()) condition.because(question, out);
  });
  return out;
}

Holds holds(const Rule& rule, const Question& question) {
  if (rule.conditions == nullptr) return Holds::yes;
  const Conditions& conditions = *rule.conditions;
  return std::min({conditions.hold<Asks::flow>(question), conditions.hold<Asks::message>(question),
                   conditions.hold<Asks::name>(question)});
}

Explanation explain(const RuleSet& rules, std::string_view name) {
  Explanation out{.name = std::string(name), .catalogue = entries_above(rules.catalogue(), name)};
  Question question = rules.question({});
  rules.name(question, name, NameSource::sni);
  question.final = true;
  question.missing = kNothingElse;
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    RuleAnswer& answer = out.answers.emplace_back();
    if (out.decides != kDefaultPolicy) {
      answer.holds = RuleAnswer::Holds::unasked;
      continue;
    }
    const Holds known = holds(rule, question);
    if (known == Holds::no) continue;
    answer.because = reasons(rule, question);
    answer.where = left_open(*rule.conditions, question);
    answer.holds = known == Holds::yes ? RuleAnswer::Holds::yes : RuleAnswer::Holds::maybe;
    if (known == Holds::yes && rule.action != RuleAction::log) out.decides = static_cast<RuleIndex>(i);
  }
  return out;
}

}  // namespace netscope
