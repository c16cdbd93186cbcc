#include "app/policy_source.h"

#include <iterator>

#include "app/output/files.h"
#include "netscope/policy/explain.h"

namespace netscope {
namespace {

template <class T, class Parse>
std::expected<T, std::vector<Error>> from_file(const std::string& name, std::size_t limit, Parse parse) {
  const auto text = read_text_file(name, limit);
  if (!text) return std::unexpected(std::vector{text.error()});
  return parse(*text);
}

// --block-*: these rules stand before the file's, in the order app, domain, address.
std::vector<Rule> command_line_rules(const CommandLine& options, const Catalogue& catalogue,
                                     std::vector<Error>& errors) {
  std::vector<Rule> rules;
  const auto add = [&](Result<Rule> rule, std::string_view option) {
    if (rule) {
      rules.push_back(std::move(*rule));
    } else {
      errors.push_back(rule.error());
      errors.back().message = std::string(option) + ": " + errors.back().message;
    }
  };
  for (const std::string& app : options.block_apps) add(block_app_rule(app, catalogue), "--block-app");
  for (const std::string& domain : options.block_domains) add(block_domain_rule(domain), "--block-domain");
  for (const std::string& ip : options.block_ips) add(block_ip_rule(ip), "--block-ip");
  return rules;
}

}  // namespace

std::expected<std::shared_ptr<const Catalogue>, std::vector<Error>> load_catalogue(const CommandLine& options) {
  if (options.apps_file.empty()) {
    return std::shared_ptr<const Catalogue>(&Catalogue::built_in(), [](const Catalogue*) {});
  }
  auto catalogue = from_file<Catalogue>(options.apps_file, kMaxCatalogueFile, [&](const std::string& text) {
    return Catalogue::parse(text, options.apps_file);
  });
  if (!catalogue) return std::unexpected(catalogue.error());
  return std::make_shared<const Catalogue>(std::move(*catalogue));
}

std::expected<LoadedPolicy, std::vector<Error>> load_policy(const CommandLine& options) {
  auto catalogue = load_catalogue(options);
  if (!catalogue) return std::unexpected(catalogue.error());
  return load_policy(options, *catalogue);
}

std::expected<LoadedPolicy, std::vector<Error>> load_policy(const CommandLine& options,
                                                            std::shared_ptr<const Catalogue> catalogue,
                                                            std::vector<Rule> first) {
  if (options.rules_file.empty()) return load_policy_text(options, std::move(catalogue), std::move(first), "");
  const auto text = read_text_file(options.rules_file, kMaxRulesFile);
  if (text) return load_policy_text(options, std::move(catalogue), std::move(first), *text);
  std::vector<Error> errors;
  static_cast<void>(command_line_rules(options, *catalogue, errors));
  errors.push_back(text.error());
  return std::unexpected(std::move(errors));
}

std::expected<LoadedPolicy, std::vector<Error>> load_policy_text(const CommandLine& options,
                                                                 std::shared_ptr<const Catalogue> catalogue,
                                                                 std::vector<Rule> first, const std::string& text) {
  std::vector<Error> errors;
  const std::vector<Rule> given = command_line_rules(options, *catalogue, errors);
  first.insert(first.end(), given.begin(), given.end());
  auto policy = parse_policy(text, options.rules_file, *catalogue);
  if (!policy) errors.insert(errors.end(), policy.error().begin(), policy.error().end());
  if (!errors.empty()) return std::unexpected(std::move(errors));
  policy->rules.insert(policy->rules.begin(), std::make_move_iterator(first.begin()),
                       std::make_move_iterator(first.end()));
  auto rules = std::make_shared<const RuleSet>(RuleSet::compile(std::move(*policy), *catalogue));
  return LoadedPolicy{std::move(catalogue), std::move(rules)};
}

std::string describe(const RuleSet& rules) {
  const Policy& policy = rules.policy();
  const std::pair<std::string_view, Action> settings[] = {
      {"default", policy.default_action}, {"unparsed", policy.unparsed}, {"unjudged", rules.unjudged()},
      {"overload", policy.overload},      {"ech", policy.ech},           {"https_records", policy.https_records}};
  std::string out;
  for (const auto& [key, action] : settings) {
    out += (out.empty() ? "" : ", ") + std::string(key) + " " + std::string(to_string(action));
  }
  out += "\n" + std::to_string(rules.rules().size()) + " rules, first match wins:\n";
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    out += "  " + std::to_string(i + 1) + ". " + rule.name + ": " + std::string(to_string(rule.action)) + "\n";
    for (const std::string& condition : condition_texts(rule)) out += "      " + condition + "\n";
    if (const auto above = waits_for(rules, static_cast<RuleIndex>(i))) {
      out += "      waits until it is known whether rule " + std::to_string(*above + 1) + " (" +
             rules.rules()[*above].name + ") holds\n";
    }
  }
  return out;
}

}  // namespace netscope
