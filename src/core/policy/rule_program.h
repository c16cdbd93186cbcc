// The rules as an index. See rule_program.cc for how.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/policy/conditions/conditions.h"
#include "core/policy/sets/domain_index.h"
#include "core/policy/sets/prefix_index.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

class RuleProgram {
 public:
  enum class Part : std::uint8_t { deciding, logging };

  // Of `rules`, those that log or those that do not. RuleIndex values are positions in `rules`.
  // Keeps pointers to the rules' conditions, none of which may be null.
  RuleProgram(std::span<const Rule> rules, Part part);
  static bool belongs(const Rule& rule, Part part) {
    return (rule.action == RuleAction::log) == (part == Part::logging);
  }

  // The lowest rule of each kind; kDefaultPolicy, which is above all rules, when there is none.
  struct Outcome {
    RuleIndex match = kDefaultPolicy;           // holds
    RuleIndex pending = kDefaultPolicy;         // cannot be judged yet
    RuleIndex pending_accept = kDefaultPolicy;  // the same of those that accept
    RuleIndex named = kDefaultPolicy;           // asks for the name, and its other conditions do not exclude the flow
  };
  // All but `match` are right as far as they are at most `match`; beyond it nothing was looked at.
  Outcome judge(const Question& question) const;
  // Without stopping at a match: `pending` and `named` as far as they are below `limit`.
  Outcome survey(const Question& question, RuleIndex limit) const;

  // Calls `visit(rule)` once for each rule below `limit` that holds, in no order.
  template <class Visit>
  void for_each_holding(const Question& question, RuleIndex limit, Visit&& visit) const;

 private:
  using GroupId = std::uint32_t;

  // The rules of the same conditions on flow and messages. Groups are numbered in the order of their first rules.
  struct Group {
    const Conditions* asks = nullptr;              // those of its first rule
    RuleIndex first = kDefaultPolicy;              // of all its rules
    RuleIndex first_free = kDefaultPolicy;         // of those that do not ask for the name
    RuleIndex first_named = kDefaultPolicy;        // of those that do
    RuleIndex first_free_accept = kDefaultPolicy;  // the same of those that accept
    RuleIndex first_named_accept = kDefaultPolicy;
    std::uint32_t free_begin = 0;  // of the first kind, a stretch of free_rules_
    std::uint32_t free_count = 0;
    std::uint32_t names = 0;  // of the second, their number in names_, from 1; 0: there are none
  };

  struct KeyedRule {
    std::uint16_t key;  // AppId or CategoryId
    RuleIndex rule;
    auto operator<=>(const KeyedRule&) const = default;
  };
  // A group's rules on names, each under one of its conditions: domains, else applications, else categories.
  struct NameRules {
    DomainIndex domains;  // values: rule << 2 | DomainMatch
    std::vector<KeyedRule> apps;
    std::vector<KeyedRule> categories;
  };
  struct Draft;  // of a group, while the program is built

  void add_rule(RuleIndex index, const Rule& rule, Draft& draft);
  void finish_groups(std::span<const Draft> drafts);

  // Calls `visit(group)` for each group whose addresses may fit, each once; `visit` returns whether to go on with later
  // groups of the same stretch.
  template <class Visit>
  void for_each_candidate(const Question& question, Visit&& visit) const;
  // Calls `visit(rule)` for each rule of `names` that holds for the name as far as names go; `visit` returns whether to
  // go on with later rules of the same stretch.
  template <class Visit>
  void for_each_named(const NameRules& names, const Question& question, Visit&& visit) const;

  bool consider(const Group& group, const Question& question, RuleIndex limit, Outcome& outcome) const;
  enum class Which : bool { all, accepting };
  RuleIndex first_holding(const Group& group, const Question& question, RuleIndex limit, Which which) const;
  // What the rule asks of a name besides its domain.
  bool rest_holds(RuleIndex rule, const Question& question) const {
    const NameCondition* rest = name_rests_[rule];
    return rest == nullptr ? question.source != NameSource::dns : rest->holds_besides_domain(question);
  }
  std::span<const RuleIndex> free_rules(const Group& group) const {
    return std::span(free_rules_).subspan(group.free_begin, group.free_count);
  }

  std::vector<Group> groups_;
  std::vector<NameRules> names_;
  std::vector<const NameCondition*> name_rests_;  // by RuleIndex; of those that ask for more of a name than its domain
  std::vector<bool> accepts_;                     // by RuleIndex
  std::vector<RuleIndex> free_rules_;
  // A group is found through one of its address conditions, or is looked at always.
  PrefixIndex by_src_, by_dst_, by_either_;
  std::vector<GroupId> always_;
};

template <class Visit>
void RuleProgram::for_each_candidate(const Question& question, Visit&& visit) const {
  const auto visit_all = [&](std::span<const GroupId> ids) {
    for (const GroupId id : ids) {
      if (!visit(groups_[id])) return;
    }
  };
  visit_all(always_);
  by_src_.for_each_containing(question.ends.client, visit_all);
  by_dst_.for_each_containing(question.ends.server, visit_all);
  by_either_.for_each_containing(question.ends.client, visit_all);
  by_either_.for_each_containing(question.ends.server, [&](std::span<const GroupId> ids) {
    for (const GroupId id : ids) {
      if (groups_[id].asks->either.prefixes().contains(question.ends.client)) continue;  // was seen as the client's
      if (!visit(groups_[id])) return;
    }
  });
}

template <class Visit>
void RuleProgram::for_each_named(const NameRules& names, const Question& question, Visit&& visit) const {
  if (question.name.empty()) return;
  names.domains.for_each_suffix(question.name, [&](bool whole, DomainIndex::Values values) {
    for (const std::uint32_t value : values) {
      const auto match = static_cast<DomainMatch>(value & 3);
      if (match == (whole ? DomainMatch::below : DomainMatch::exact)) continue;
      if (rest_holds(value >> 2, question) && !visit(value >> 2)) return;
    }
  });
  const auto visit_keyed = [&](const std::vector<KeyedRule>& rules, std::uint16_t key) {
    for (auto at = std::lower_bound(rules.begin(), rules.end(), KeyedRule{.key = key, .rule = 0});
         at != rules.end() && at->key == key; ++at) {
      if (rest_holds(at->rule, question) && !visit(at->rule)) return;
    }
  };
  if (question.app == kNoApp) return;
  visit_keyed(names.apps, question.app);
  visit_keyed(names.categories, question.category);
}

template <class Visit>
void RuleProgram::for_each_holding(const Question& question, RuleIndex limit, Visit&& visit) const {
  for_each_candidate(question, [&](const Group& group) {
    if (group.first >= limit) return false;
    if (group.asks->hold<Asks::flow>(question) != Holds::yes) return true;
    if (group.asks->hold<Asks::message>(question) != Holds::yes) return true;
    const auto visit_below_limit = [&](RuleIndex rule) {
      if (rule < limit) visit(rule);
      return rule < limit;
    };
    for (const RuleIndex rule : free_rules(group)) {
      if (!visit_below_limit(rule)) break;
    }
    if (group.names != 0) for_each_named(names_[group.names - 1], question, visit_below_limit);
    return true;
  });
}

}  // namespace netscope
