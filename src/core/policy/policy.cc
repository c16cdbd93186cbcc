#include "netscope/policy/policy.h"

#include <utility>

#include "core/policy/conditions/conditions.h"
#include "netscope/policy/catalogue/catalogue.h"

namespace netscope {
namespace {

// A host is written without its length.
std::string text_of(const IpPrefix& prefix) {
  return prefix.length == prefix.address.bit_count() ? to_string(prefix.address) : to_string(prefix);
}

}  // namespace

std::string_view to_string(RuleAction action) {
  switch (action) {
    case RuleAction::accept: return "accept";
    case RuleAction::drop: return "drop";
    case RuleAction::reject: return "reject";
    case RuleAction::log: return "log";
  }
  return "accept";
}

Result<Rule> block_app_rule(std::string_view app, const Catalogue& catalogue) {
  const std::optional<AppId> id = catalogue.named(app);
  if (!id) return failure(unknown_app(app, catalogue));
  const std::string& name = catalogue.apps()[*id].name;
  return Rule{.name = "block-app:" + name,
              .conditions = Conditions::of([&](Conditions& conditions) { conditions.name.add_app(name, *id); })};
}

Result<Rule> block_domain_rule(std::string_view domain) {
  Result<DomainPattern> pattern = DomainPattern::parse(domain);
  if (!pattern) return std::unexpected(pattern.error());
  return Rule{.name = "block-domain:" + to_string(*pattern), .conditions = Conditions::of([&](Conditions& conditions) {
                                                               conditions.name.add_domain(std::move(*pattern));
                                                             })};
}

Result<Rule> block_ip_rule(std::string_view address_or_prefix) {
  const Result<IpPrefix> prefix = IpPrefix::parse(address_or_prefix);
  if (!prefix) return std::unexpected(prefix.error());
  return Rule{.name = "block-ip:" + text_of(*prefix),
              .conditions = Conditions::of([&](Conditions& conditions) { conditions.either.add(*prefix); })};
}

Result<Rule> block_client_rule(std::string_view address_or_prefix) {
  const Result<IpPrefix> prefix = IpPrefix::parse(address_or_prefix);
  if (!prefix) return std::unexpected(prefix.error());
  return Rule{.name = "block-client:" + text_of(*prefix),
              .conditions = Conditions::of([&](Conditions& conditions) { conditions.client.add(*prefix); })};
}

}  // namespace netscope
