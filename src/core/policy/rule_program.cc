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
#include <compare>
#include <iterator>
#include <set>
#include <utility>

#include "core/dpi/ja4.h"

namespace netscope {
namespace {

// From here on, a list of prefixes gets an index of its own.
constexpr std::size_t kLongPrefixList = 16;

template <class T>
std::vector<T> sorted_unique(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Without the prefixes that lie within others: an address is in one at most.
std::vector<IpPrefix> disjoint(std::vector<IpPrefix> prefixes) {
  std::sort(prefixes.begin(), prefixes.end(), [](const IpPrefix& a, const IpPrefix& b) {
    return a.address.version != b.address.version ? a.address.version < b.address.version : a < b;
  });
  std::vector<IpPrefix> kept;
  for (const IpPrefix& prefix : prefixes) {
    if (kept.empty() || kept.back().length > prefix.length || !kept.back().contains(prefix.address)) {
      kept.push_back(prefix);
    }
  }
  return kept;
}

// Without the patterns that others cover: a name matches one at most.
std::vector<DomainPattern> disjoint(std::span<const DomainPattern> patterns) {
  using Key = std::pair<std::string_view, DomainMatch>;
  std::set<Key> written;
  for (const DomainPattern& pattern : patterns) written.emplace(pattern.domain, pattern.match);
  const auto covered_from_above = [&](std::string_view domain) {
    for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
      domain.remove_prefix(dot + 1);
      if (written.contains({domain, DomainMatch::suffix}) || written.contains({domain, DomainMatch::below}))
        return true;
    }
    return false;
  };
  std::vector<DomainPattern> kept;
  for (const auto& [domain, match] : written) {
    const bool covered_here = match != DomainMatch::suffix && written.contains({domain, DomainMatch::suffix});
    if (!covered_here && !covered_from_above(domain)) kept.push_back({.match = match, .domain = std::string(domain)});
  }
  return kept;
}

// How few addresses the widest prefix of a list holds, as bits; of both versions the same share counts the same.
unsigned narrowness(std::span<const IpPrefix> prefixes) {
  unsigned narrowest = 129;
  for (const IpPrefix& prefix : prefixes) {
    narrowest = std::min(narrowest, prefix.length + (128 - prefix.address.bit_count()));
  }
  return narrowest;
}

constexpr std::uint8_t bit_of(NameSource source) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(source));
}

std::uint8_t bits_of(std::span<const NameSource> sources) {
  if (sources.empty()) return bit_of(NameSource::sni) | bit_of(NameSource::host) | bit_of(NameSource::query);
  std::uint8_t bits = 0;
  for (const NameSource source : sources) bits |= bit_of(source);
  return bits;
}

bool matches_transport(std::uint8_t wanted, std::uint8_t ip_protocol) {
  return wanted == ip_protocol || (wanted == kIpProtocolIcmp && ip_protocol == kIpProtocolIcmpV6);
}

}  // namespace

struct RuleProgram::FlowCondition {
  std::vector<IpPrefix> src, dst, either;
  std::vector<PortRange> ports;
  std::vector<ProtocolCondition> protocols;
  std::vector<std::string> ja4;
  auto operator<=>(const FlowCondition&) const = default;
};

struct RuleProgram::Draft {
  FlowCondition condition;
  Group group;
  std::vector<RuleIndex> free_rules;
  std::vector<std::pair<std::string, std::uint32_t>> domains;
  std::vector<KeyedRule> apps;
  std::vector<KeyedRule> categories;
};

RuleProgram::RuleProgram(const Policy& policy, const Catalogue& catalogue, Part part) : catalogue_(&catalogue) {
  std::map<FlowCondition, GroupId> ids;
  std::vector<Draft> drafts;
  name_conditions_.resize(policy.rules.size());
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    if (belongs(rule, part)) add_rule(static_cast<RuleIndex>(i), rule, catalogue, draft_of(rule, ids, drafts));
  }
  finish_groups(drafts);
}

RuleProgram::Draft& RuleProgram::draft_of(const Rule& rule, std::map<FlowCondition, GroupId>& ids,
                                          std::vector<Draft>& drafts) {
  FlowCondition condition{.src = disjoint(rule.src),
                          .dst = disjoint(rule.dst),
                          .either = disjoint(rule.either),
                          .ports = sorted_unique(rule.ports),
                          .protocols = sorted_unique(rule.protocols),
                          .ja4 = sorted_unique(rule.ja4)};
  const auto [at, is_new] = ids.try_emplace(condition, static_cast<GroupId>(drafts.size()));
  if (is_new) drafts.emplace_back().condition = std::move(condition);
  return drafts[at->second];
}

void RuleProgram::add_rule(RuleIndex index, const Rule& rule, const Catalogue& catalogue, Draft& draft) {
  Group& group = draft.group;
  group.first = std::min(group.first, index);
  if (rule.domains.empty() && rule.apps.empty() && rule.categories.empty()) {
    group.first_free = std::min(group.first_free, index);
    draft.free_rules.push_back(index);
    return;
  }
  group.first_named = std::min(group.first_named, index);
  std::vector<std::uint16_t> apps;
  apps.reserve(rule.apps.size());
  for (const std::string& name : rule.apps) apps.push_back(catalogue.named(name).value_or(kNoApp));
  std::vector<std::uint16_t> categories;
  categories.reserve(rule.categories.size());
  for (const std::string& name : rule.categories) {
    categories.push_back(catalogue.category_named(name).value_or(kNoCategory));
  }
  apps = sorted_unique(std::move(apps));
  categories = sorted_unique(std::move(categories));
  name_conditions_[index] = {.apps = store(std::span<const std::uint16_t>(apps), keys_),
                             .categories = store(std::span<const std::uint16_t>(categories), keys_),
                             .sources = bits_of(rule.sources)};
  if (!rule.domains.empty()) {
    for (DomainPattern& pattern : disjoint(std::span(rule.domains))) {
      draft.domains.emplace_back(std::move(pattern.domain), index << 2 | static_cast<std::uint32_t>(pattern.match));
    }
  } else if (!apps.empty()) {
    for (const std::uint16_t app : apps) draft.apps.push_back({.key = app, .rule = index});
  } else {
    for (const std::uint16_t category : categories) draft.categories.push_back({.key = category, .rule = index});
  }
}

void RuleProgram::finish_groups(std::span<const Draft> drafts) {
  std::vector<PrefixIndex::Entry> src, dst, either;
  for (std::size_t id = 0; id < drafts.size(); ++id) {
    const Draft& draft = drafts[id];
    const FlowCondition& condition = draft.condition;
    Group group = draft.group;
    group.src = store_prefixes(condition.src);
    group.dst = store_prefixes(condition.dst);
    group.either = store_prefixes(condition.either);
    group.ports = store(std::span(condition.ports), ports_);
    group.protocols = store(std::span(condition.protocols), protocols_);
    group.ja4 = store(std::span(condition.ja4), ja4_);
    group.may_change =
        !condition.ja4.empty() || std::ranges::any_of(condition.protocols, is_service, &ProtocolCondition::protocol);
    group.free_rules = store(std::span(draft.free_rules), free_rules_);
    if (group.first_named != kDefaultPolicy) {
      std::vector<DomainIndex::Entry> domains;
      domains.reserve(draft.domains.size());
      for (const auto& [domain, value] : draft.domains) domains.push_back({.domain = domain, .value = value});
      names_.push_back({.domains = DomainIndex(domains),
                        .apps = sorted_unique(draft.apps),
                        .categories = sorted_unique(draft.categories)});
      group.names = static_cast<std::uint32_t>(names_.size());
    }
    groups_.push_back(group);

    // Found through the narrowest of its address conditions.
    const std::pair<const std::vector<IpPrefix>*, std::vector<PrefixIndex::Entry>*> indexes[] = {
        {&condition.src, &src}, {&condition.dst, &dst}, {&condition.either, &either}};
    const auto* best = &indexes[0];
    for (const auto& index : indexes) {
      if (best->first->empty() || (!index.first->empty() && narrowness(*index.first) > narrowness(*best->first))) {
        best = &index;
      }
    }
    for (const IpPrefix& prefix : *best->first) {
      best->second->push_back({.prefix = prefix, .value = static_cast<GroupId>(id)});
    }
    if (best->first->empty()) always_.push_back(static_cast<GroupId>(id));
  }
  by_src_ = PrefixIndex(src);
  by_dst_ = PrefixIndex(dst);
  by_either_ = PrefixIndex(either);
}

RuleProgram::PrefixCondition RuleProgram::store_prefixes(std::span<const IpPrefix> prefixes) {
  PrefixCondition condition{.prefixes = store(prefixes, prefixes_)};
  if (prefixes.size() <= kLongPrefixList) return condition;
  std::vector<PrefixIndex::Entry> entries;
  for (const IpPrefix& prefix : prefixes) entries.push_back({.prefix = prefix, .value = 0});
  prefix_sets_.emplace_back(entries);
  condition.set = static_cast<std::uint32_t>(prefix_sets_.size());
  return condition;
}

template <class T>
RuleProgram::Slice RuleProgram::store(std::span<const T> values, std::vector<T>& pool) {
  const Slice slice{.first = static_cast<std::uint32_t>(pool.size()),
                    .count = static_cast<std::uint32_t>(values.size())};
  pool.insert(pool.end(), values.begin(), values.end());
  return slice;
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
  const Holds without_hello = holds(group, question);
  if (without_hello == Holds::no) return true;
  // A later hello may have another fingerprint, as it may have another name.
  outcome.named = std::min(outcome.named, group.may_change ? group.first : group.first_named);
  const Holds flow_holds = std::min(without_hello, ja4_holds(group.ja4, question));
  if (flow_holds == Holds::no) return true;
  if (question.name.empty() && !question.final) outcome.pending = std::min(outcome.pending, group.first_named);
  const RuleIndex found = std::min(group.first_free, first_named_holding(group, question, limit));
  RuleIndex& lowest = flow_holds == Holds::yes ? outcome.match : outcome.pending;
  lowest = std::min(lowest, found);
  return true;
}

RuleIndex RuleProgram::first_named_holding(const Group& group, const Question& question, RuleIndex limit) const {
  RuleIndex first = std::min(limit, group.first_free);
  if (group.first_named >= first) return kDefaultPolicy;
  for_each_named(names_[group.names - 1], question, [&](RuleIndex rule) {
    first = std::min(first, rule);
    return false;
  });
  return first < limit ? first : kDefaultPolicy;
}

Holds RuleProgram::holds(const Group& group, const Question& question) const {
  if (group.src.prefixes.count != 0 && !contains(group.src, question.client)) return Holds::no;
  if (group.dst.prefixes.count != 0 && !contains(group.dst, question.server)) return Holds::no;
  if (group.either.prefixes.count != 0 && !contains(group.either, question.client) &&
      !contains(group.either, question.server)) {
    return Holds::no;
  }
  if (group.ports.count != 0) {
    if (question.ip_protocol != kIpProtocolTcp && question.ip_protocol != kIpProtocolUdp) return Holds::no;
    const std::span<const PortRange> ranges = at(ports_, group.ports);
    const bool inside = std::any_of(ranges.begin(), ranges.end(), [&](const PortRange& range) {
      return range.first <= question.server_port && question.server_port <= range.last;
    });
    if (!inside) return Holds::no;
  }
  return protocol_holds(group.protocols, question);
}

Holds RuleProgram::protocol_holds(Slice protocols, const Question& question) const {
  if (protocols.count == 0) return Holds::yes;
  Holds answer = Holds::no;
  for (const ProtocolCondition& wanted : at(protocols_, protocols)) {
    if (wanted.ip_protocol != 0) {
      if (matches_transport(wanted.ip_protocol, question.ip_protocol)) return Holds::yes;
    } else if (wanted.protocol == question.protocol || wanted.protocol == question.service) {
      return Holds::yes;
    } else if (!question.final &&
               (question.protocol == Protocol::unknown || may_carry(question.protocol, wanted.protocol))) {
      answer = Holds::unknown;
    }
  }
  return answer;
}

// Unknown while a hello may still come, or come to its end. What is known to be something else has none, or shows it
// later, inside.
Holds RuleProgram::ja4_holds(Slice patterns, const Question& question) const {
  if (patterns.count == 0) return Holds::yes;
  if (question.ja4.empty()) {
    const bool may_show_one = question.protocol == Protocol::unknown || has_hello(question.protocol);
    return may_show_one && !question.final ? Holds::unknown : Holds::no;
  }
  const auto fits = [&](const std::string& pattern) { return tls::ja4_matches(question.ja4, pattern); };
  return std::ranges::any_of(at(ja4_, patterns), fits) ? Holds::yes : Holds::no;
}

bool RuleProgram::contains(const PrefixCondition& condition, const IpAddress& address) const {
  if (condition.set != 0) return prefix_sets_[condition.set - 1].contains(address);
  const std::span<const IpPrefix> prefixes = at(prefixes_, condition.prefixes);
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

bool RuleProgram::rest_holds(RuleIndex rule, const Question& question, CategoryId category) const {
  static_assert(kNoApp == kNoCategory);
  const NameCondition& condition = name_conditions_[rule];
  if ((condition.sources & bit_of(question.source)) == 0) return false;
  const auto holds_key = [&](Slice slice, std::uint16_t key) {
    const std::span<const std::uint16_t> keys = at(keys_, slice);
    return keys.empty() || (key != kNoApp && std::binary_search(keys.begin(), keys.end(), key));
  };
  return holds_key(condition.apps, question.app) && holds_key(condition.categories, category);
}

}  // namespace netscope
