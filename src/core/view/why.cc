// Why a flow was judged as it was, for people.
#include "core/view/flow_question.h"
#include "netscope/policy/explain.h"
#include "netscope/view/row_json.h"

namespace netscope {
namespace {

// "domain youtube.com matches the tls name www.youtube.com".
std::string text_of(const Reason& reason, const Question& question, const RuleSet& rules) {
  const std::string value = std::string(reason.key) + " " + reason.value;
  if (reason.key == "app") return "application " + reason.value + " of " + reason.subject;
  if (reason.key == "category") {
    return value + " of " + rules.catalogue().apps()[question.app].name + " of " + reason.subject;
  }
  if (reason.key == "domain") {
    const std::string of =
        question.source == NameSource::dns ? "DNS answer's" : std::string(to_string(question.protocol));
    return value + " matches the " + of + " name " + reason.subject;
  }
  if (reason.key == "proto") return "protocol " + (reason.subject.empty() ? reason.value : reason.subject);
  if (reason.key == "port") return "port " + reason.subject;
  const bool is_prefix = reason.key == "ip" || reason.key == "src" || reason.key == "dst";
  return value + (is_prefix ? " holds " : " matches ") + reason.subject;
}

}  // namespace

std::string why(const FlowRow& flow, const Texts& texts, const RuleSet& rules) {
  if (!flow.decided) return "no rule could be judged before the flow ended: it was let through";
  if (flow.decision.rule >= rules.rules().size()) return "no rule matched: the default of the policy holds";
  const Rule& rule = rules.rules()[flow.decision.rule];
  std::string conditions;
  for_each_question(flow, texts, rules, [&](const Question& question) {
    conditions.clear();
    for (const Reason& reason : reasons(rule, question)) {
      conditions += (conditions.empty() ? "" : "; ") + text_of(reason, question, rules);
    }
    return holds(rule, question) != Holds::yes;
  });
  return "rule \"" + rule.name + "\": " + (conditions.empty() ? "it holds for everything" : conditions);
}

}  // namespace netscope
