#include "netscope/policy/rule_set.h"

#include <algorithm>
#include <utility>

#include "core/policy/conditions/conditions.h"
#include "core/policy/rule_program.h"

namespace netscope {
namespace {

// Record types that tell how to reach a service, ECH's keys among it (RFC 9460, section 14.1).
constexpr std::uint16_t kDnsTypeSvcb = 64, kDnsTypeHttps = 65;

Action action_of(RuleAction action) {
  switch (action) {
    case RuleAction::accept:
    case RuleAction::log:  // never decides
      return Action::accept;
    case RuleAction::drop: return Action::drop;
    case RuleAction::reject: return Action::reject;
  }
  return Action::accept;
}

}  // namespace

RuleSet RuleSet::compile(Policy policy, const Catalogue& catalogue) {
  return RuleSet(std::move(policy), catalogue);
}

RuleSet::RuleSet(Policy policy, const Catalogue& catalogue) : policy_(std::move(policy)), catalogue_(&catalogue) {
  using Part = RuleProgram::Part;
  const auto no_conditions = std::make_shared<const Conditions>();
  for (Rule& rule : policy_.rules) {
    if (rule.conditions == nullptr) rule.conditions = no_conditions;
    const Conditions& conditions = *rule.conditions;
    asks_for_names_ |= conditions.ask_for(Asks::name) || conditions.may_change();
    asks_for_ja4_ |= !conditions.ja4.empty();
    asks_for_dns_names_ |= conditions.name.asks_for_dns_names();
  }
  deciding_ = std::make_unique<const RuleProgram>(policy_.rules, Part::deciding);
  const auto logs = [](const Rule& rule) { return RuleProgram::belongs(rule, Part::logging); };
  if (std::ranges::any_of(policy_.rules, logs)) {
    logging_ = std::make_unique<const RuleProgram>(policy_.rules, Part::logging);
  }
}

RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;
RuleSet::~RuleSet() = default;

void RuleSet::name(Question& question, std::string_view name, NameSource source) const {
  question.name = name;
  question.source = source;
  question.app = name.empty() ? kNoApp : catalogue_->find(name);
  question.category = catalogue_->category_of(question.app);
}

std::optional<Decision> RuleSet::decide(const Question& question) const {
  const RuleProgram::Outcome outcome = deciding_->judge(question);
  const RuleIndex rule = outcome.match;
  // What is still open above a block may decide in its place, and makes no difference where it blocks as well.
  const bool open = outcome.pending < rule;
  if (open && outcome.pending_accept < rule) return std::nullopt;
  Decision decision{.action = rule == kDefaultPolicy ? policy_.default_action : action_of(policy_.rules[rule].action),
                    .rule = rule,
                    .leaned_on_name = outcome.named != kDefaultPolicy && outcome.named <= rule};
  if (rule == kDefaultPolicy) {
    const std::optional<Decision> applied = apply_default(question, decision);
    if (!applied) return std::nullopt;
    decision = *applied;
  }
  if (open && !decision.blocks()) return std::nullopt;
  if (logging_ == nullptr || decision.blocks()) return decision;

  const RuleProgram::Outcome logged = logging_->survey(question, rule);
  if (logged.pending < rule) return std::nullopt;
  decision.leaned_on_name |= logged.named < rule;
  return decision;
}

// What [policy] says of hidden names, and of a question that was to show one and is unreadable. A hello that may still
// show itself to hide one cannot be judged yet. A DNS question holds for its message alone, as a name does.
std::optional<Decision> RuleSet::apply_default(const Question& question, const Decision& by_default) const {
  Decision decision = by_default;
  if (policy_.ech != Action::accept) {
    const bool may_greet = question.protocol == Protocol::unknown || has_hello(question.protocol);
    if (question.encrypted_hello) {
      decision.action = policy_.ech;
    } else if (may_greet && !question.final) {
      return std::nullopt;
    }
  }
  if (policy_.https_records != Action::accept && question.protocol == Protocol::dns) {
    decision.leaned_on_name = true;
    if (question.dns_type == kDnsTypeHttps || question.dns_type == kDnsTypeSvcb) {
      decision.action = policy_.https_records;
    }
  }
  const bool missed = question.unreadable && decision.leaned_on_name;
  if (missed && policy_.unparsed != Action::accept) decision.action = policy_.unparsed;
  return decision;
}

void RuleSet::count_logged(const Question& question, const Decision& decision, std::span<std::uint64_t> hits) const {
  if (logging_ == nullptr) return;
  logging_->for_each_holding(question, decision.rule, [&](RuleIndex rule) { ++hits[rule]; });
}

std::string_view RuleSet::rule_name(RuleIndex rule) const {
  return rule < policy_.rules.size() ? std::string_view(policy_.rules[rule].name) : "default";
}

}  // namespace netscope
