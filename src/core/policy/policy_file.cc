// A rules file, from its TOML tree to a Policy. Nothing is ignored silently: what is not understood is an error.
#include <array>
#include <map>
#include <utility>

#include "core/policy/conditions/conditions.h"
#include "core/policy/settings/live_section.h"
#include "core/policy/toml/toml_reader.h"
#include "netscope/policy/policy.h"

namespace netscope {
namespace {

using enum KnownKey::Support;
constexpr std::array<KnownKey, 4> kRootKeys{{{"policy"}, {"live"}, {"rule"}, {"list", later}}};
constexpr std::array<KnownKey, 6> kPolicyKeys{
    {{"default"}, {"overload"}, {"unparsed"}, {"unjudged"}, {"ech"}, {"https_records"}}};

// The key's value into `action`, when there is one.
void read_action(const TomlValue& table, std::string_view key, Words<Action> words, Action& action,
                 FileErrors& errors) {
  const TomlValue* value = table.find(key);
  if (value == nullptr) return;
  if (const std::optional<Action> word = word_of(*value, "action", words, errors)) action = *word;
}

void read_policy_section(const TomlValue& table, Policy& policy, FileErrors& errors) {
  if (!expect_kind(table, TomlValue::Kind::table, errors)) return;
  const Words<Action> any{{"accept", Action::accept}, {"drop", Action::drop}, {"reject", Action::reject}};
  const Words<Action> open_or_closed{{"accept", Action::accept}, {"drop", Action::drop}};
  check_keys(table, "[policy]", kPolicyKeys, errors);
  read_action(table, "default", any, policy.default_action, errors);
  read_action(table, "unparsed", any, policy.unparsed, errors);
  if (const TomlValue* unjudged = table.find("unjudged")) {
    policy.unjudged = word_of(*unjudged, "action", open_or_closed, errors);
  }
  read_action(table, "overload", open_or_closed, policy.overload, errors);
  read_action(table, "ech", any, policy.ech, errors);
  read_action(table, "https_records", any, policy.https_records, errors);
}

void read_name(const TomlValue& table, Rule& rule, std::map<std::string, std::uint32_t>& lines, FileErrors& errors) {
  const TomlValue* name = required_string(table, "rule", "name", errors);
  if (name == nullptr) return;
  rule.name = name->text;
  if (!is_printable_name(rule.name, kMaxRuleName)) {
    errors.add(*name,
               in_quotes(rule.name) + " is no name of 1 to " + std::to_string(kMaxRuleName) + " printable characters");
  } else if (rule.name == "default") {
    errors.add(*name, "\"default\" names the policy's default in reports; choose another name");
  } else if (const auto [at, is_new] = lines.try_emplace(rule.name, name->line); !is_new) {
    errors.add(*name,
               "another rule is named " + in_quotes(rule.name) + " already, in line " + std::to_string(at->second));
  }
}

Rule read_rule(const TomlValue& table, const Catalogue& catalogue, std::map<std::string, std::uint32_t>& lines,
               FileErrors& errors) {
  Rule rule;
  read_name(table, rule, lines, errors);
  if (const TomlValue* action = required_string(table, "rule", "action", errors)) {
    const Words<RuleAction> words{{"accept", RuleAction::accept},
                                  {"drop", RuleAction::drop},
                                  {"reject", RuleAction::reject},
                                  {"log", RuleAction::log}};
    rule.action = word_of(*action, "action", words, errors).value_or(rule.action);
  }
  rule.conditions = Conditions::read({.table = table, .action = rule.action, .catalogue = catalogue, .errors = errors});
  return rule;
}

void read_rules(const TomlValue& rules, const Catalogue& catalogue, Policy& policy, FileErrors& errors) {
  if (rules.kind != TomlValue::Kind::array) {
    errors.add(rules, "rules are a list of tables; write [[rule]]");
    return;
  }
  std::map<std::string, std::uint32_t> lines;  // of names that are taken
  for (const TomlValue& table : rules.children) {
    if (errors.full()) return;
    if (expect_kind(table, TomlValue::Kind::table, errors)) {
      policy.rules.push_back(read_rule(table, catalogue, lines, errors));
    }
  }
}

}  // namespace

std::expected<Policy, std::vector<Error>> parse_policy(std::string_view toml, std::string_view file,
                                                       const Catalogue& catalogue) {
  Result<TomlValue> root = parse_toml(toml, kMaxRulesFile);
  if (!root) {
    root.error().file = file;
    return std::unexpected(std::vector<Error>{std::move(root.error())});
  }
  Policy policy;
  FileErrors errors(file);
  check_keys(*root, "the file", kRootKeys, errors);
  if (const TomlValue* section = root->find("policy")) read_policy_section(*section, policy, errors);
  if (const TomlValue* live = root->find("live")) {
    if (expect_kind(*live, TomlValue::Kind::table, errors)) policy.live = read_live_section(*live, errors);
  }
  if (const TomlValue* rules = root->find("rule")) read_rules(*rules, catalogue, policy, errors);
  if (!errors.empty()) return std::unexpected(errors.take());
  return policy;
}

}  // namespace netscope
