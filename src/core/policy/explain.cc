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

constexpr std::uint8_t missing_without(std::initializer_list<Known> known) {
  std::uint8_t missing = kNothingElse;
  for (const Known fact : known) missing &= static_cast<std::uint8_t>(~static_cast<std::uint8_t>(fact));
  return missing;
}

// Connections that the conditions are about, by the ends that they name; a few, where they name many.
std::vector<Question> examples(const RuleSet& rules, const Conditions& conditions) {
  constexpr std::size_t kMany = 256;
  std::vector<Question> out{rules.question({})};
  out.front().missing = kNothingElse;
  const auto with = [&](const auto& values, Known fact, auto&& set) {
    std::vector<Question> more;
    for (const Question& question : out) {
      for (const auto& value : values) {
        if (more.size() == kMany) break;
        more.push_back(question);
        more.back().missing &= missing_without({fact});
        set(more.back(), value);
      }
    }
    if (!more.empty()) out = std::move(more);
  };
  const auto set_server = [](Question& question, const IpPrefix& prefix) { question.ends.server = prefix.address; };
  with(conditions.client.prefixes().values(), Known::client,
       [](Question& question, const IpPrefix& prefix) { question.ends.client = prefix.address; });
  with(conditions.either.prefixes().values(), Known::server, set_server);
  with(conditions.server.prefixes().values(), Known::server, set_server);
  with(conditions.port.ranges(), Known::port, [](Question& question, const PortRange& range) {
    question.ends.server_port = range.first;
    question.ends.ip_protocol = ip_protocol::tcp;
  });
  return out;
}

bool may_hold_for(const Rule& rule, const std::vector<Question>& questions) {
  return std::ranges::any_of(questions, [&](const Question& question) { return holds(rule, question) != Holds::no; });
}

bool blocks(const Rule& rule) {
  return rule.action == RuleAction::drop || rule.action == RuleAction::reject;
}

}  // namespace

std::optional<RuleIndex> waits_for(const RuleSet& rules, RuleIndex rule) {
  const Rule& asked = rules.rules()[rule];
  const Conditions& conditions = *asked.conditions;
  if (asked.action == RuleAction::log || conditions.ask_for(Asks::name) || conditions.ask_for(Asks::message)) return {};
  const std::vector<Question> about = examples(rules, conditions);
  for (RuleIndex above = 0; above < rule; ++above) {
    const Rule& other = rules.rules()[above];
    if (other.action == RuleAction::log || blocks(other) == blocks(asked)) continue;
    if (!other.conditions->ask_for(Asks::name) && !other.conditions->ask_for(Asks::message)) continue;
    // Of two prefixes or ranges that meet, one begins within the other.
    if (may_hold_for(other, about) || may_hold_for(asked, examples(rules, *other.conditions))) return above;
  }
  return {};
}

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
