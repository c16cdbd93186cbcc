#include "netscope/view/trial.h"

#include <string_view>
#include <unordered_set>

namespace netscope {

Decision judge(const RuleSet& rules, const FlowRow& flow, const Texts& texts) {
  Question question{.client = flow.client.address,
                    .server = flow.server.address,
                    .server_port = flow.server.port,
                    .ip_protocol = flow.ip_protocol,
                    .protocol = flow.protocol,
                    .service = flow.service,
                    .ja4 = texts[flow.shown.ja4],
                    .encrypted_hello = flow.shown.encrypted,
                    .final = true};
  std::optional<Decision> first;
  for (const RowName& seen : flow.shown.names) {
    question.protocol = seen.from == Protocol::unknown ? flow.protocol : seen.from;
    question.source = name_source(seen.from);
    question.name = texts[seen.name];
    question.app = rules.catalogue().find(question.name);
    const auto decision = rules.decide(question);
    if (decision && decision->blocks()) return *decision;
    if (!first) first = decision;
  }
  if (!first) first = rules.decide(question);
  return first.value_or(Decision{});
}

Trial try_rules(const Rows& rows, const RuleSet& holding, const RuleSet& draft) {
  std::unordered_set<std::string_view> known{holding.rule_name(kDefaultPolicy)};
  for (const Rule& rule : holding.rules()) known.insert(rule.name);
  Trial trial;
  for (FlowIndex i = 0; i < rows.flows().size(); ++i) {
    const FlowRow& flow = rows.flows()[i];
    const bool by_hand = flow.rule != 0 && !known.contains(rows.texts()[flow.rule]);
    const bool was = judge(holding, flow, rows.texts()).blocks();
    const bool would = judge(draft, flow, rows.texts()).blocks();
    if (by_hand || was == would) {
      ++trial.unchanged;
    } else {
      (would ? trial.newly_blocked : trial.newly_allowed).push_back(i);
    }
  }
  return trial;
}

}  // namespace netscope
