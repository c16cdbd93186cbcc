// The rules judged one after the other, condition by condition, as the rules file's documentation says: slow and
// obviously right. What the compiled rules are compared with.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/policy/conditions/conditions.h"
#include "netscope/policy/rule_set.h"

namespace netscope::testing {

enum class Answer { no, unknown, yes };

inline Answer and_also(Answer a, Answer b) {
  return a < b ? a : b;
}

inline bool domain_matches(const DomainPattern& pattern, std::string_view name) {
  if (name == pattern.domain) return pattern.match != DomainMatch::below;
  return pattern.match != DomainMatch::exact && name.ends_with("." + pattern.domain);
}

inline bool in_any(const Prefixes& prefixes, const IpAddress& address) {
  for (const IpPrefix& prefix : prefixes.values()) {
    if (prefix.contains(address)) return true;
  }
  return false;
}

inline Answer protocol_answer(const Rule& rule, const Question& question) {
  const auto& values = rule.conditions->protocol.values();
  Answer answer = values.empty() ? Answer::yes : Answer::no;
  for (const ProtocolValue& wanted : values) {
    Answer one = Answer::no;
    if (wanted.transport == ip_protocol::icmp) {
      if (question.ends.ip_protocol == ip_protocol::icmp || question.ends.ip_protocol == ip_protocol::icmp_v6)
        one = Answer::yes;
    } else if (wanted.transport != 0) {
      if (question.ends.ip_protocol == wanted.transport) one = Answer::yes;
    } else if (question.protocol == wanted.protocol || question.service == wanted.protocol) {
      one = Answer::yes;
    } else if (!question.final &&
               (question.protocol == Protocol::unknown || may_carry(question.protocol, wanted.protocol))) {
      one = Answer::unknown;
    }
    answer = one > answer ? one : answer;
  }
  return answer;
}

inline Answer ja4_answer(const Rule& rule, const Question& question) {
  const auto& patterns = rule.conditions->ja4.patterns();
  if (patterns.empty()) return Answer::yes;
  for (const std::string& pattern : patterns) {
    if (question.ja4 == pattern || question.ja4.starts_with(pattern + "_")) return Answer::yes;
  }
  if (!question.ja4.empty() || question.final) return Answer::no;
  switch (question.protocol) {
    case Protocol::unknown:
    case Protocol::tls:
    case Protocol::dtls:
    case Protocol::quic: return Answer::unknown;
    default: return Answer::no;
  }
}

// Everything but the name and the fingerprint.
inline Answer flow_answer(const Rule& rule, const Question& question) {
  const Conditions& asked = *rule.conditions;
  const bool client = in_any(asked.client.prefixes(), question.ends.client);
  const bool server = in_any(asked.server.prefixes(), question.ends.server);
  const bool either =
      in_any(asked.either.prefixes(), question.ends.client) || in_any(asked.either.prefixes(), question.ends.server);
  if (!asked.client.empty() && !client) return Answer::no;
  if (!asked.server.empty() && !server) return Answer::no;
  if (!asked.either.empty() && !either) return Answer::no;
  if (!asked.port.empty()) {
    bool inside = false;
    for (const PortRange& range : asked.port.ranges()) {
      inside |= range.first <= question.ends.server_port && question.ends.server_port <= range.last;
    }
    if (!inside || (question.ends.ip_protocol != ip_protocol::tcp && question.ends.ip_protocol != ip_protocol::udp))
      return Answer::no;
  }
  return protocol_answer(rule, question);
}

inline bool asks_for_name(const Rule& rule) {
  const NameCondition& name = rule.conditions->name;
  return !name.apps().empty() || !name.categories().empty() || !name.domains().empty();
}

// A later hello may have another name, and another fingerprint.
inline bool may_change(const Rule& rule) {
  return asks_for_name(rule) || !rule.conditions->ja4.empty() ||
         std::ranges::any_of(rule.conditions->protocol.values(), is_service, &ProtocolValue::protocol);
}

inline Answer name_answer(const Rule& rule, const Question& question, const Catalogue& catalogue) {
  if (!asks_for_name(rule)) return Answer::yes;
  if (question.name.empty()) return question.final ? Answer::no : Answer::unknown;
  const NameCondition& asked = rule.conditions->name;
  const auto& by = asked.sources();
  const bool counts =
      by.empty() ? question.source != NameSource::dns : std::find(by.begin(), by.end(), question.source) != by.end();
  if (!counts) return Answer::no;
  bool app = asked.apps().empty(), category = asked.categories().empty(), domain = asked.domains().empty();
  for (const NamedId& wanted : asked.apps()) {
    app |= question.app != kNoApp && catalogue.apps()[question.app].name == wanted.name;
  }
  for (const NamedId& wanted : asked.categories()) {
    category |= question.app != kNoApp && catalogue.apps()[question.app].category == wanted.name;
  }
  for (const DomainPattern& pattern : asked.domains()) domain |= domain_matches(pattern, question.name);
  return app && category && domain ? Answer::yes : Answer::no;
}

// All conditions of one rule.
inline Answer rule_answer(const Rule& rule, const Question& question, const Catalogue& catalogue) {
  return and_also(flow_answer(rule, question),
                  and_also(ja4_answer(rule, question), name_answer(rule, question, catalogue)));
}

inline std::optional<Decision> decide(const Policy& policy, const Catalogue& catalogue, const Question& question) {
  Decision decision{.action = policy.default_action};
  bool open = false;  // a rule that blocks may still hold: whoever blocks further down blocks at once
  bool log_pending = false;
  bool log_leaned = false;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    const bool logs = rule.action == RuleAction::log;
    const Answer flow = flow_answer(rule, question);
    const Answer answer = rule_answer(rule, question, catalogue);
    if (may_change(rule) && flow != Answer::no) (logs ? log_leaned : decision.leaned_on_name) = true;
    if (logs) {
      log_pending |= answer == Answer::unknown;
      continue;
    }
    if (answer == Answer::unknown && rule.action == RuleAction::accept) return std::nullopt;
    open |= answer == Answer::unknown;
    if (answer != Answer::yes) continue;
    decision.rule = static_cast<RuleIndex>(i);
    decision.action = rule.action == RuleAction::accept ? Action::accept
                      : rule.action == RuleAction::drop ? Action::drop
                                                        : Action::reject;
    break;
  }
  if (decision.blocks()) return decision;
  if (open || log_pending) return std::nullopt;
  decision.leaned_on_name |= log_leaned;
  return decision;
}

inline void count_logged(const Policy& policy, const Catalogue& catalogue, const Question& question,
                         const Decision& decision, std::span<std::uint64_t> hits) {
  for (std::size_t i = 0; i < policy.rules.size() && i < decision.rule; ++i) {
    const Rule& rule = policy.rules[i];
    if (rule.action != RuleAction::log) continue;
    if (rule_answer(rule, question, catalogue) == Answer::yes) ++hits[i];
  }
}

}  // namespace netscope::testing
