#include "app/explain_text.h"

#include <algorithm>
#include <span>

#include "app/output/columns.h"

namespace netscope {
namespace {

constexpr std::size_t kWidth = 80, kLongestShownName = 44;

// "category video, domain youtube.com"; or that the rule asks for no name.
std::string text_of(const std::vector<Reason>& because) {
  std::string out;
  for (const Reason& reason : because) {
    out += (out.empty() ? "" : ", ") + std::string(reason.key) + " " + reason.value;
  }
  return out.empty() ? "whatever the name" : out;
}

std::string text_of(const std::vector<std::string>& conditions) {
  std::string out;
  for (const std::string& condition : conditions) out += (out.empty() ? "" : "; ") + condition;
  return out;
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

void add_catalogue(std::string& out, const Catalogue& catalogue, std::span<const CatalogueEntry> entries) {
  out += "Catalogue\n";
  if (entries.empty()) out += "  no entry is this name or lies above it\n";
  for (const CatalogueEntry& entry : entries) {
    const App& app = catalogue.apps()[entry.app];
    const bool first = &entry == &entries.front();
    if (first) out += "  application  " + app.name + "\n  category     " + app.category + "\n";
    out += (first ? "  by           " : "  rather than  ") + std::string(entry.domain) +
           (first ? "\n" : ", which is of " + app.name + " and shorter\n");
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
  std::string text = text_of(answer.because);
  if (!answer.where.empty()) text += "; where " + text_of(answer.where);
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
    add_wrapped(out, 2,
                std::string(to_string(rule.action)) + ", by rule " + std::to_string(explanation.decides + 1) + " \"" +
                    rule.name + "\": " + text_of(explanation.answers[explanation.decides].because));
  }
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    if (explanation.answers[i].holds != RuleAnswer::Holds::maybe || rule.action == RuleAction::log) continue;
    add_wrapped(out, 2,
                "but " + std::string(to_string(rule.action)) + ", by rule " + std::to_string(i + 1) + " \"" +
                    rule.name + "\", where " + text_of(explanation.answers[i].where));
  }
}

}  // namespace

std::string explanation_text(const RuleSet& rules, const Explanation& explanation) {
  std::string out = explanation.name + "\n\n";
  add_catalogue(out, rules.catalogue(), explanation.catalogue);
  add_rules(out, rules, explanation);
  add_verdict(out, rules, explanation);
  return out;
}

}  // namespace netscope
