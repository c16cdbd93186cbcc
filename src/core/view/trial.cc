#include "netscope/view/trial.h"

#include <string_view>
#include <unordered_set>

#include "core/view/flow_question.h"

namespace netscope {

Decision judge(const RuleSet& rules, const FlowRow& flow, const Texts& texts) {
  std::optional<Decision> first;
  for_each_question(flow, texts, rules, [&](const Question& question) {
    const std::optional<Decision> decision = rules.decide(question);
    const bool blocks = decision && decision->blocks();
    if (blocks || !first) first = decision;
    return !blocks;
  });
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
