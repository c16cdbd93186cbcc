// The rules judged one after the other, condition by condition, as the rules file's documentation says: slow and
// obviously right. What the compiled rules are compared with.
#pragma once

#include <optional>
#include <span>
#include <vector>

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

inline bool in_any(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  for (const IpPrefix& prefix : prefixes) {
    if (prefix.contains(address)) return true;
  }
  return false;
}

inline Answer protocol_answer(const Rule& rule, const Question& question) {
  Answer answer = rule.protocols.empty() ? Answer::yes : Answer::no;
  for (const ProtocolCondition& wanted : rule.protocols) {
    Answer one = Answer::no;
    if (wanted.ip_protocol == kIpProtocolIcmp) {
      if (question.ip_protocol == kIpProtocolIcmp || question.ip_protocol == kIpProtocolIcmpV6) one = Answer::yes;
    } else if (wanted.ip_protocol != 0) {
      if (question.ip_protocol == wanted.ip_protocol) one = Answer::yes;
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
  if (rule.ja4.empty()) return Answer::yes;
  for (const std::string& pattern : rule.ja4) {
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
  if (!rule.src.empty() && !in_any(rule.src, question.client)) return Answer::no;
  if (!rule.dst.empty() && !in_any(rule.dst, question.server)) return Answer::no;
  if (!rule.either.empty() && !in_any(rule.either, question.client) && !in_any(rule.either, question.server)) {
    return Answer::no;
  }
  if (!rule.ports.empty()) {
    bool inside = false;
    for (const PortRange& range : rule.ports) {
      inside |= range.first <= question.server_port && question.server_port <= range.last;
    }
    if (!inside || (question.ip_protocol != kIpProtocolTcp && question.ip_protocol != kIpProtocolUdp))
      return Answer::no;
  }
  return protocol_answer(rule, question);
}

inline bool asks_for_name(const Rule& rule) {
  return !rule.apps.empty() || !rule.categories.empty() || !rule.domains.empty();
}

// A later hello may have another name, and another fingerprint.
inline bool may_change(const Rule& rule) {
  return asks_for_name(rule) || !rule.ja4.empty() ||
         std::ranges::any_of(rule.protocols, is_service, &ProtocolCondition::protocol);
}

inline Answer name_answer(const Rule& rule, const Question& question, const Catalogue& catalogue) {
  if (!asks_for_name(rule)) return Answer::yes;
  if (question.name.empty()) return question.final ? Answer::no : Answer::unknown;
  const auto& by = rule.sources;
  const bool counts =
      by.empty() ? question.source != NameSource::dns : std::find(by.begin(), by.end(), question.source) != by.end();
  if (!counts) return Answer::no;
  bool app = rule.apps.empty(), category = rule.categories.empty(), domain = rule.domains.empty();
  for (const std::string& wanted : rule.apps)
    app |= question.app != kNoApp && catalogue.apps()[question.app].name == wanted;
  for (const std::string& wanted : rule.categories) {
    category |= question.app != kNoApp && catalogue.apps()[question.app].category == wanted;
  }
  for (const DomainPattern& pattern : rule.domains) domain |= domain_matches(pattern, question.name);
  return app && category && domain ? Answer::yes : Answer::no;
}

inline std::optional<Decision> decide(const Policy& policy, const Catalogue& catalogue, const Question& question) {
  Decision decision{.action = policy.default_action};
  bool log_pending = false;
  bool log_leaned = false;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    const bool logs = rule.action == RuleAction::log;
    const Answer flow = flow_answer(rule, question);
    const Answer answer = and_also(flow, and_also(ja4_answer(rule, question), name_answer(rule, question, catalogue)));
    if (may_change(rule) && flow != Answer::no) (logs ? log_leaned : decision.leaned_on_name) = true;
    if (logs) {
      log_pending |= answer == Answer::unknown;
      continue;
    }
    if (answer == Answer::unknown) return std::nullopt;
    if (answer == Answer::no) continue;
    decision.rule = static_cast<RuleIndex>(i);
    decision.action = rule.action == RuleAction::accept ? Action::accept
                      : rule.action == RuleAction::drop ? Action::drop
                                                        : Action::reject;
    break;
  }
  if (decision.blocks()) return decision;
  if (log_pending) return std::nullopt;
  decision.leaned_on_name |= log_leaned;
  return decision;
}

inline void count_logged(const Policy& policy, const Catalogue& catalogue, const Question& question,
                         const Decision& decision, std::span<std::uint64_t> hits) {
  for (std::size_t i = 0; i < policy.rules.size() && i < decision.rule; ++i) {
    const Rule& rule = policy.rules[i];
    if (rule.action != RuleAction::log) continue;
    const Answer shown = and_also(ja4_answer(rule, question), name_answer(rule, question, catalogue));
    if (and_also(flow_answer(rule, question), shown) == Answer::yes) ++hits[i];
  }
}

}  // namespace netscope::testing
