#include "app/explain.h"

#include <algorithm>

#include "app/output/columns.h"
#include "app/policy_source.h"

namespace netscope {
namespace {

constexpr std::size_t kWidth = 80, kLongestShownName = 44;

bool is_or_below(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

bool fits(const DomainPattern& pattern, std::string_view name) {
  const bool whole = name == pattern.domain;
  switch (pattern.match) {
    case DomainMatch::suffix: return is_or_below(name, pattern.domain);
    case DomainMatch::exact: return whole;
    case DomainMatch::below: return !whole && is_or_below(name, pattern.domain);
  }
  return false;
}

bool among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// The conditions on the name that hold; nothing when one does not. All of them must.
std::optional<std::string> why_name_fits(const Rule& rule, std::string_view name, const App* app) {
  std::string because;
  const auto add = [&because](std::string_view key, std::string_view value) {
    because += (because.empty() ? "" : ", ") + std::string(key) + " " + std::string(value);
  };
  if (!rule.apps.empty()) {
    if (app == nullptr || !among(rule.apps, app->name)) return std::nullopt;
    add("app", app->name);
  }
  if (!rule.categories.empty()) {
    if (app == nullptr || !among(rule.categories, app->category)) return std::nullopt;
    add("category", app->category);
  }
  if (!rule.domains.empty()) {
    const auto pattern = std::ranges::find_if(rule.domains, [&](const DomainPattern& one) { return fits(one, name); });
    if (pattern == rule.domains.end()) return std::nullopt;
    add("domain", to_string(*pattern));
  }
  return because;
}

const App* app_of(const Catalogue& catalogue, std::string_view name) {
  const AppId id = catalogue.find(name);
  return id == kNoApp ? nullptr : &catalogue.apps()[id];
}

// Breaks at blanks; every line begins with `indent` blanks.
void add_wrapped(std::string& out, std::size_t indent, std::string_view text) {
  while (!text.empty()) {
    std::size_t size = std::min(text.size(), kWidth - indent);
    if (size < text.size()) {
      const std::size_t blank = text.rfind(' ', size);
      size = blank == std::string_view::npos ? std::min(text.find(' '), text.size()) : blank;
    }
    out += std::string(indent, ' ') + std::string(text.substr(0, size)) + "\n";
    text.remove_prefix(std::min(text.size(), size + 1));
  }
}

// Every entry of the catalogue that is the name or lies above it, the longest first.
void add_catalogue(std::string& out, const Catalogue& catalogue, std::string_view name) {
  std::vector<std::pair<std::string_view, const App*>> above;
  for (const App& app : catalogue.apps()) {
    for (const std::string& domain : app.domains) {
      if (is_or_below(name, domain)) above.emplace_back(domain, &app);
    }
  }
  std::ranges::sort(above, [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  out += "Catalogue\n";
  if (above.empty()) out += "  no entry is this name or lies above it\n";
  for (std::size_t i = 0; i < above.size(); ++i) {
    const auto& [domain, app] = above[i];
    if (i == 0) out += "  application  " + app->name + "\n  category     " + app->category + "\n";
    out += (i == 0 ? "  by           " : "  rather than  ") + std::string(domain) +
           (i == 0 ? "\n" : ", which is of " + app->name + " and shorter\n");
  }
}

std::string_view word(RuleAnswer::Holds holds) {
  switch (holds) {
    case RuleAnswer::Holds::no: return "no";
    case RuleAnswer::Holds::maybe: return "maybe";
    case RuleAnswer::Holds::yes: return "yes";
    case RuleAnswer::Holds::unasked: return "-";
  }
  return "";
}

std::string reason(const Rule& rule, const RuleAnswer& answer) {
  switch (answer.holds) {
    case RuleAnswer::Holds::no: return "it is for other names";
    case RuleAnswer::Holds::unasked: return "never asked: a rule above decides";
    case RuleAnswer::Holds::maybe:
    case RuleAnswer::Holds::yes: break;
  }
  std::string text = answer.because.empty() ? "whatever the name" : answer.because;
  if (!answer.where.empty()) text += "; where " + answer.where;
  if (rule.action == RuleAction::log) text += "; counted, and the next rule is asked";
  return text;
}

void add_rules(std::string& out, const RuleSet& rules, const Explanation& explanation) {
  out += "\nRules\n";
  if (rules.rules().empty()) out += "  there are none\n";
  std::size_t name_width = 0;
  for (const Rule& rule : rules.rules()) {
    name_width = std::max(name_width, std::min(rule.name.size(), kLongestShownName));
  }
  const std::size_t number_width = std::to_string(rules.rules().size()).size();
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    const RuleAnswer& answer = explanation.answers[i];
    const std::string number = std::to_string(i + 1);
    out += "  " + right(number, number_width) + "  " + left(rule.name, name_width) + "  " +
           left(to_string(rule.action), 6) + "  " + std::string(word(answer.holds)) +
           (i == explanation.decides ? "  <- decides" : "") + "\n";
    add_wrapped(out, number_width + 6, reason(rule, answer));
  }
}

void add_verdict(std::string& out, const RuleSet& rules, const Explanation& explanation) {
  out += "\nVerdict\n";
  if (explanation.decides == kDefaultPolicy) {
    add_wrapped(out, 2,
                std::string(to_string(rules.policy().default_action)) +
                    ", by policy.default: no rule holds for "
                    "every connection with this name");
  } else {
    const Rule& rule = rules.rules()[explanation.decides];
    const std::string& because = explanation.answers[explanation.decides].because;
    add_wrapped(out, 2,
                std::string(to_string(rule.action)) + ", by rule " + std::to_string(explanation.decides + 1) + " \"" +
                    rule.name + "\": " + (because.empty() ? "whatever the name" : because));
  }
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    if (explanation.answers[i].holds != RuleAnswer::Holds::maybe || rule.action == RuleAction::log) continue;
    add_wrapped(out, 2,
                "but " + std::string(to_string(rule.action)) + ", by rule " + std::to_string(i + 1) + " \"" +
                    rule.name + "\", where " + explanation.answers[i].where);
  }
}

}  // namespace

Explanation explain(const RuleSet& rules, std::string_view name) {
  Explanation out{.name = std::string(name)};
  const App* const app = app_of(rules.catalogue(), name);
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    RuleAnswer& answer = out.answers.emplace_back();
    if (out.decides != kDefaultPolicy) {
      answer.holds = RuleAnswer::Holds::unasked;
      continue;
    }
    const std::optional<std::string> because = why_name_fits(rule, name, app);
    if (!because) continue;
    answer.because = *because;
    answer.where = connection_conditions(rule);
    answer.holds = answer.where.empty() ? RuleAnswer::Holds::yes : RuleAnswer::Holds::maybe;
    const bool decides = answer.where.empty() && rule.action != RuleAction::log;
    if (decides) out.decides = static_cast<RuleIndex>(i);
  }
  return out;
}

std::string explanation_text(const RuleSet& rules, const Explanation& explanation) {
  std::string out = explanation.name + "\n\n";
  add_catalogue(out, rules.catalogue(), explanation.name);
  add_rules(out, rules, explanation);
  add_verdict(out, rules, explanation);
  return out;
}

}  // namespace netscope
