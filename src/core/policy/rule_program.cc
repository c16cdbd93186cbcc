// The problem: a gateway may have one rule or a hundred thousand, and the first packets of each flow ask all of them,
// more than once. First match wins, so no index can simply answer "the rules on this domain": the rule further up that
// this flow's addresses, port or still unknown name might yet match counts as well.
//
// The trick: a rule's conditions are of two kinds. The flow's (addresses, ports, protocols) are known early and differ
// little from rule to rule; the name's (domains, applications, categories) come late and are many. Rules of the same
// flow conditions make a group. A flow's groups are found through an index of prefixes; each is judged once; and within
// a group that does not exclude the flow, the rules on names are found by the name. An unknown name costs even less: a
// group knows its first rule that asks for one.
//
// The limits: groups without an address are looked at one by one. There are as many as there are different combinations
// of ports and protocols, a handful. Rules of one group and one domain that differ in their applications are walked
// likewise.
#include "core/policy/rule_program.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace netscope {
namespace {

template <class T>
std::vector<T> sorted_unique(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Calls `visit(pattern)` for each that no other covers: a name matches one at most.
template <class Visit>
void for_each_disjoint(std::span<const DomainPattern> patterns, Visit&& visit) {
  if (patterns.size() == 1) return visit(patterns.front());
  using Key = std::pair<std::string_view, DomainMatch>;
  std::map<Key, const DomainPattern*> written;
  for (const DomainPattern& pattern : patterns) written.emplace(Key(pattern.domain, pattern.match), &pattern);
  const auto covered_from_above = [&](std::string_view domain) {
    for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
      domain.remove_prefix(dot + 1);
      if (written.contains({domain, DomainMatch::suffix}) || written.contains({domain, DomainMatch::below}))
        return true;
    }
    return false;
  };
  for (const auto& [key, pattern] : written) {
    const auto& [domain, match] = key;
    const bool covered_here = match != DomainMatch::suffix && written.contains({domain, DomainMatch::suffix});
    if (!covered_here && !covered_from_above(domain)) visit(*pattern);
  }
}

// How few addresses the widest prefix of a list holds, as bits; of both versions the same share counts the same. An
// empty list holds them all.
unsigned narrowness(const Prefixes& prefixes) {
  unsigned narrowest = prefixes.values().empty() ? 0 : 129;
  for (const IpPrefix& prefix : prefixes.values()) {
    narrowest = std::min(narrowest, 1 + prefix.length + (128 - prefix.address.bit_count()));
  }
  return narrowest;
}

}  // namespace

struct RuleProgram::Draft {
  Group group;
  std::vector<RuleIndex> free_rules;
  std::vector<DomainIndex::Entry> domains;
  std::vector<KeyedRule> apps;
  std::vector<KeyedRule> categories;
};

RuleProgram::RuleProgram(std::span<const Rule> rules, Part part) {
  std::unordered_map<std::string, GroupId> ids;  // by signature
  std::vector<Draft> drafts;
  ids.reserve(rules.size());
  name_rests_.resize(rules.size());
  accepts_.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!belongs(rules[i], part)) continue;
    const auto [at, is_new] = ids.try_emplace(rules[i].conditions->signature(), static_cast<GroupId>(drafts.size()));
    if (is_new) drafts.emplace_back().group.asks = rules[i].conditions.get();
    add_rule(static_cast<RuleIndex>(i), rules[i], drafts[at->second]);
  }
  finish_groups(drafts);
}

void RuleProgram::add_rule(RuleIndex index, const Rule& rule, Draft& draft) {
  Group& group = draft.group;
  const NameCondition& name = rule.conditions->name;
  group.first = std::min(group.first, index);
  accepts_[index] = rule.action == RuleAction::accept;
  if (accepts_[index]) {
    RuleIndex& first = rule.conditions->ask_for(Asks::name) ? group.first_named_accept : group.first_free_accept;
    first = std::min(first, index);
  }
  if (!rule.conditions->ask_for(Asks::name)) {
    group.first_free = std::min(group.first_free, index);
    draft.free_rules.push_back(index);
    return;
  }
  group.first_named = std::min(group.first_named, index);
  if (!name.asks_for_domains_alone()) name_rests_[index] = &name;
  if (!name.domains().empty()) {
    for_each_disjoint(name.domains().all(), [&](const DomainPattern& pattern) {
      draft.domains.push_back(
          {.domain = pattern.domain, .value = index << 2 | static_cast<std::uint32_t>(pattern.match)});
    });
  } else if (!name.apps().empty()) {
    for (const AppId app : name.app_ids()) draft.apps.push_back({.key = app, .rule = index});
  } else {
    for (const CategoryId category : name.category_ids()) draft.categories.push_back({.key = category, .rule = index});
  }
}

void RuleProgram::finish_groups(std::span<const Draft> drafts) {
  std::vector<PrefixIndex::Entry> src, dst, either;
  for (const Draft& draft : drafts) {
    Group group = draft.group;
    group.free_begin = static_cast<std::uint32_t>(free_rules_.size());
    group.free_count = static_cast<std::uint32_t>(draft.free_rules.size());
    free_rules_.insert(free_rules_.end(), draft.free_rules.begin(), draft.free_rules.end());
    if (group.first_named != kDefaultPolicy) {
      names_.push_back({.domains = DomainIndex(draft.domains),
                        .apps = sorted_unique(draft.apps),
                        .categories = sorted_unique(draft.categories)});
      group.names = static_cast<std::uint32_t>(names_.size());
    }
    const auto id = static_cast<GroupId>(groups_.size());
    groups_.push_back(group);

    // Found through the narrowest of its address conditions.
    const std::pair<const Prefixes*, std::vector<PrefixIndex::Entry>*> ways[] = {
        {&group.asks->client.prefixes(), &src},
        {&group.asks->server.prefixes(), &dst},
        {&group.asks->either.prefixes(), &either}};
    const auto* best = &ways[0];
    for (const auto& way : ways) {
      if (narrowness(*way.first) > narrowness(*best->first)) best = &way;
    }
    for (const IpPrefix& prefix : best->first->disjoint()) best->second->push_back({.prefix = prefix, .value = id});
    if (best->first->values().empty()) always_.push_back(id);
  }
  by_src_ = PrefixIndex(src);
  by_dst_ = PrefixIndex(dst);
  by_either_ = PrefixIndex(either);
}

RuleProgram::Outcome RuleProgram::judge(const Question& question) const {
  Outcome outcome;
  for_each_candidate(question, [&](const Group& group) { return consider(group, question, outcome.match, outcome); });
  return outcome;
}

RuleProgram::Outcome RuleProgram::survey(const Question& question, RuleIndex limit) const {
  Outcome outcome;
  for_each_candidate(question, [&](const Group& group) { return consider(group, question, limit, outcome); });
  return outcome;
}

// Adds what `group` says, as far as it is below `limit`, to the outcome.
bool RuleProgram::consider(const Group& group, const Question& question, RuleIndex limit, Outcome& outcome) const {
  if (group.first >= limit) return false;
  const Holds flow_holds = group.asks->hold<Asks::flow>(question);
  if (flow_holds == Holds::no) return true;
  // A later message may have another fingerprint, as it may have another name.
  outcome.named = std::min(outcome.named, group.asks->may_change() ? group.first : group.first_named);
  const Holds holds = std::min(flow_holds, group.asks->hold<Asks::message>(question));
  if (holds == Holds::no) return true;
  if (question.name.empty() && !question.final) {
    outcome.pending = std::min(outcome.pending, group.first_named);
    outcome.pending_accept = std::min(outcome.pending_accept, group.first_named_accept);
  }
  const RuleIndex found = first_holding(group, question, limit, Which::all);
  if (holds == Holds::yes) {
    outcome.match = std::min(outcome.match, found);
  } else if (found < limit) {
    outcome.pending = std::min(outcome.pending, found);
    outcome.pending_accept = std::min(outcome.pending_accept, first_holding(group, question, limit, Which::accepting));
  }
  return true;
}

RuleIndex RuleProgram::first_holding(const Group& group, const Question& question, RuleIndex limit, Which which) const {
  const bool all = which == Which::all;
  const RuleIndex free = all ? group.first_free : group.first_free_accept;
  RuleIndex first = std::min(limit, free);
  if ((all ? group.first_named : group.first_named_accept) < first) {
    for_each_named(names_[group.names - 1], question, [&](RuleIndex rule) {
      if (!all && !accepts_[rule]) return rule < first;
      first = std::min(first, rule);
      return false;
    });
  }
  return first < limit ? first : kDefaultPolicy;
}

}  // namespace netscope
