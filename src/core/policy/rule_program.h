// The rules as an index. See rule_program.cc for how.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/policy/sets/domain_index.h"
#include "core/policy/sets/prefix_index.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// What a condition says of a flow: one that cannot be judged yet may come true.
enum class Holds : std::uint8_t { no, unknown, yes };

class RuleProgram {
 public:
  enum class Part : std::uint8_t { deciding, logging };

  // Of `policy.rules`, those that log or those that do not. RuleIndex values are positions in `policy.rules`.
  RuleProgram(const Policy& policy, const Catalogue& catalogue, Part part);
  static bool belongs(const Rule& rule, Part part) {
    return (rule.action == RuleAction::log) == (part == Part::logging);
  }

  // The lowest rule of each kind; kDefaultPolicy, which is above all rules, when there is none.
  struct Outcome {
    RuleIndex match = kDefaultPolicy;    // holds
    RuleIndex pending = kDefaultPolicy;  // cannot be judged yet
    RuleIndex named = kDefaultPolicy;    // asks for the name, and its other conditions do not exclude the flow
  };
  // `pending` and `named` are right as far as they are at most `match`; beyond it nothing was looked at.
  Outcome judge(const Question& question) const;
  // Without stopping at a match: `pending` and `named` as far as they are below `limit`.
  Outcome survey(const Question& question, RuleIndex limit) const;

  // Calls `visit(rule)` once for each rule below `limit` that holds, in no order.
  template <class Visit>
  void for_each_holding(const Question& question, RuleIndex limit, Visit&& visit) const;

 private:
  using GroupId = std::uint32_t;

  // A stretch of one of the pools below.
  struct Slice {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct PrefixCondition {
    Slice prefixes;
    std::uint32_t set = 0;  // of a long list: its number in prefix_sets_, from 1
  };

  // The rules of one set of name-independent conditions. Groups are numbered in the order of their first rules.
  struct Group {
    RuleIndex first = kDefaultPolicy;        // of all its rules
    RuleIndex first_free = kDefaultPolicy;   // of those that do not ask for the name
    RuleIndex first_named = kDefaultPolicy;  // of those that do
    PrefixCondition src, dst, either;
    Slice ports;
    Slice protocols;
    Slice ja4;
    bool may_change = false;  // a later message may show another fingerprint or service
    Slice free_rules;
    std::uint32_t names = 0;  // its number in names_, from 1; 0: no rule asks for the name
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
  // What a rule on names asks for besides its domains; sorted.
  struct NameCondition {
    Slice apps;
    Slice categories;
    std::uint8_t sources = 0;  // a bit for each NameSource that will do
  };

  struct FlowCondition;  // the name-independent conditions of a rule, in one form
  struct Draft;          // of a group, while the program is built

  Draft& draft_of(const Rule& rule, std::map<FlowCondition, GroupId>& ids, std::vector<Draft>& drafts);
  void add_rule(RuleIndex index, const Rule& rule, const Catalogue& catalogue, Draft& draft);
  void finish_groups(std::span<const Draft> drafts);
  PrefixCondition store_prefixes(std::span<const IpPrefix> prefixes);
  template <class T>
  static Slice store(std::span<const T> values, std::vector<T>& pool);

  // Calls `visit(group)` for each group whose addresses may fit, each once; `visit` returns whether to go on with later
  // groups of the same stretch.
  template <class Visit>
  void for_each_candidate(const Question& question, Visit&& visit) const;
  // Calls `visit(rule)` for each rule of `names` that holds for the name as far as names go; `visit` returns whether to
  // go on with later rules of the same stretch.
  template <class Visit>
  void for_each_named(const NameRules& names, const Question& question, Visit&& visit) const;

  bool consider(const Group& group, const Question& question, RuleIndex limit, Outcome& outcome) const;
  RuleIndex first_named_holding(const Group& group, const Question& question, RuleIndex limit) const;
  // All conditions but the name and the fingerprint.
  Holds holds(const Group& group, const Question& question) const;
  Holds protocol_holds(Slice protocols, const Question& question) const;
  Holds ja4_holds(Slice patterns, const Question& question) const;
  bool contains(const PrefixCondition& condition, const IpAddress& address) const;
  // The conditions on a name besides its domain.
  bool rest_holds(RuleIndex rule, const Question& question, CategoryId category) const;

  template <class T>
  static std::span<const T> at(const std::vector<T>& pool, Slice slice) {
    return std::span<const T>(pool).subspan(slice.first, slice.count);
  }

  const Catalogue* catalogue_;
  std::vector<Group> groups_;
  std::vector<NameRules> names_;
  std::vector<NameCondition> name_conditions_;  // by RuleIndex
  std::vector<PrefixIndex> prefix_sets_;
  // A group is found through one of its address conditions, or is looked at always.
  PrefixIndex by_src_, by_dst_, by_either_;
  std::vector<GroupId> always_;
  // Pools.
  std::vector<IpPrefix> prefixes_;
  std::vector<PortRange> ports_;
  std::vector<ProtocolCondition> protocols_;
  std::vector<std::string> ja4_;
  std::vector<RuleIndex> free_rules_;
  std::vector<std::uint16_t> keys_;
};

template <class Visit>
void RuleProgram::for_each_candidate(const Question& question, Visit&& visit) const {
  const auto visit_all = [&](std::span<const GroupId> ids) {
    for (const GroupId id : ids) {
      if (!visit(groups_[id])) return;
    }
  };
  visit_all(always_);
  by_src_.for_each_containing(question.client, visit_all);
  by_dst_.for_each_containing(question.server, visit_all);
  by_either_.for_each_containing(question.client, visit_all);
  by_either_.for_each_containing(question.server, [&](std::span<const GroupId> ids) {
    for (const GroupId id : ids) {
      if (contains(groups_[id].either, question.client)) continue;  // was seen as the client's
      if (!visit(groups_[id])) return;
    }
  });
}

template <class Visit>
void RuleProgram::for_each_named(const NameRules& names, const Question& question, Visit&& visit) const {
  if (question.name.empty()) return;
  const CategoryId category = catalogue_->category_of(question.app);
  names.domains.for_each_suffix(question.name, [&](bool whole, DomainIndex::Values values) {
    for (const std::uint32_t value : values) {
      const auto match = static_cast<DomainMatch>(value & 3);
      if (match == (whole ? DomainMatch::below : DomainMatch::exact)) continue;
      if (rest_holds(value >> 2, question, category) && !visit(value >> 2)) return;
    }
  });
  const auto visit_keyed = [&](const std::vector<KeyedRule>& rules, std::uint16_t key) {
    for (auto at = std::lower_bound(rules.begin(), rules.end(), KeyedRule{.key = key, .rule = 0});
         at != rules.end() && at->key == key; ++at) {
      if (rest_holds(at->rule, question, category) && !visit(at->rule)) return;
    }
  };
  if (question.app == kNoApp) return;
  visit_keyed(names.apps, question.app);
  visit_keyed(names.categories, category);
}

template <class Visit>
void RuleProgram::for_each_holding(const Question& question, RuleIndex limit, Visit&& visit) const {
  for_each_candidate(question, [&](const Group& group) {
    if (group.first >= limit) return false;
    if (std::min(holds(group, question), ja4_holds(group.ja4, question)) != Holds::yes) return true;
    const auto visit_below_limit = [&](RuleIndex rule) {
      if (rule < limit) visit(rule);
      return rule < limit;
    };
    for (const RuleIndex rule : at(free_rules_, group.free_rules)) {
      if (!visit_below_limit(rule)) break;
    }
    if (group.names != 0) for_each_named(names_[group.names - 1], question, visit_below_limit);
    return true;
  });
}

}  // namespace netscope
