#include "netscope/policy/policy.h"

#include <utility>

#include "core/base/near_miss.h"
#include "core/base/text.h"
#include "core/policy/rule_words.h"
#include "core/policy/toml/toml_reader.h"
#include "netscope/net/host_name.h"
#include "netscope/policy/catalogue/catalogue.h"

namespace netscope {

Result<DomainPattern> DomainPattern::parse(std::string_view written) {
  if (written.starts_with('/')) {
    return failure(in_quotes(written) +
                   " is a regular expression, which is not supported yet; it comes with a later version");
  }
  DomainPattern pattern;
  std::string_view rest = written;
  if (rest.starts_with('=')) {
    pattern.match = DomainMatch::exact;
    rest.remove_prefix(1);
  } else if (rest.starts_with("*.")) {
    pattern.match = DomainMatch::below;
    rest.remove_prefix(2);
  }
  if (rest.find('*') != std::string_view::npos) {
    return failure(in_quotes(written) + ": a \"*\" stands only in front, as in \"*.example.org\"");
  }
  Result<std::string> domain = normalize_domain(rest);
  if (!domain) return std::unexpected(domain.error());
  pattern.domain = std::move(*domain);
  return pattern;
}

std::string to_string(const DomainPattern& pattern) {
  switch (pattern.match) {
    case DomainMatch::suffix: return pattern.domain;
    case DomainMatch::exact: return "=" + pattern.domain;
    case DomainMatch::below: return "*." + pattern.domain;
  }
  return pattern.domain;
}

std::string_view to_string(RuleAction action) {
  switch (action) {
    case RuleAction::accept: return "accept";
    case RuleAction::drop: return "drop";
    case RuleAction::reject: return "reject";
    case RuleAction::log: return "log";
  }
  return "accept";
}

std::string unknown_app(std::string_view written, const Catalogue& catalogue) {
  std::string message = "unknown application " + in_quotes(written);
  if (catalogue.category_named(written))
    return message + "; it is a category: write category = [" + in_quotes(written) + "]";
  NearMiss near(written);
  for (const App& app : catalogue.apps()) near.offer(app.name);
  return message + near.suggestion() + " (--list-apps shows them all)";
}

std::string unknown_category(std::string_view written, const Catalogue& catalogue) {
  std::string message = "unknown category " + in_quotes(written);
  if (catalogue.named(written)) return message + "; it is an application: write app = [" + in_quotes(written) + "]";
  NearMiss near(written);
  for (const std::string& category : catalogue.categories()) near.offer(category);
  return message + near.suggestion() + " (--list-apps shows them all)";
}

Result<Rule> block_app_rule(std::string_view app, const Catalogue& catalogue) {
  const std::optional<AppId> id = catalogue.named(app);
  if (!id) return failure(unknown_app(app, catalogue));
  const std::string& name = catalogue.apps()[*id].name;
  Rule rule{.name = "block-app:" + name};
  rule.apps.push_back(name);
  return rule;
}

Result<Rule> block_domain_rule(std::string_view domain) {
  Result<DomainPattern> pattern = DomainPattern::parse(domain);
  if (!pattern) return std::unexpected(pattern.error());
  Rule rule{.name = "block-domain:" + to_string(*pattern)};
  rule.domains.push_back(std::move(*pattern));
  return rule;
}

Result<Rule> block_ip_rule(std::string_view address_or_prefix) {
  const Result<IpPrefix> prefix = IpPrefix::parse(address_or_prefix);
  if (!prefix) return std::unexpected(prefix.error());
  const bool is_host = prefix->length == prefix->address.bit_count();
  Rule rule{.name = "block-ip:" + (is_host ? to_string(prefix->address) : to_string(*prefix))};
  rule.either.push_back(*prefix);
  return rule;
}

}  // namespace netscope
