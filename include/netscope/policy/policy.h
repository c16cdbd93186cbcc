// The policy as a person wrote it: rules/*.toml in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/policy/decision.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope {

enum class RuleAction : std::uint8_t { accept, drop, reject, log };

// "accept", "drop", "reject", "log".
std::string_view to_string(RuleAction action);

struct Conditions;

// One [[rule]]. Its conditions are read once, shared and never changed; null means that it has none, and holds for
// everything.
struct Rule {
  std::string name{};
  RuleAction action = RuleAction::drop;
  std::shared_ptr<const Conditions> conditions{};
};

// A whole rules file.
struct Policy {
  Action default_action = Action::accept;
  // Broken headers, not IP; and where rules would have asked for a name and none speaks, and not accept: of a message
  // that has the form of DNS on its port, and whose question cannot be read.
  Action unparsed = Action::accept;
  // Packets of a flow that could not be judged to its end: a limit was reached, or what has the form of a protocol that
  // shows names could not be read. accept or drop; not said: drop where a rule asks for names. See RuleSet::unjudged.
  std::optional<Action> unjudged{};
  Action overload = Action::accept;  // queue full or daemon gone: accept or drop
  // Where no rule speaks, and not accept: of a hello with encrypted_client_hello (ECH), whether or not something is in
  // it; and of DNS questions for HTTPS and SVCB records, which bring the keys for it.
  Action ech = Action::accept;
  Action https_records = Action::accept;
  std::vector<Rule> rules{};
  LiveSettings live{};  // [live]; without meaning offline
};

// Bytes of a rules file; a longer one is refused. Lists of domains have files of their own.
inline constexpr std::size_t kMaxRulesFile = std::size_t{16} << 20;
// Characters of a rule's name; all printable. "default" is taken: reports call the policy's default so.
inline constexpr std::size_t kMaxRuleName = 64;

class Catalogue;

// Parses a rules file. `file` is its name for error messages. Applications and categories are looked up in `catalogue`.
// All errors are reported, in the order of the file; on any, there is no policy.
std::expected<Policy, std::vector<Error>> parse_policy(std::string_view toml, std::string_view file,
                                                       const Catalogue& catalogue);

// --block-app, --block-domain and --block-ip: one dropping rule each, named "block-app:YouTube" and the like. The last
// is for the client's end alone, as --ctl block client has it.
Result<Rule> block_app_rule(std::string_view app, const Catalogue& catalogue);
Result<Rule> block_domain_rule(std::string_view domain);
Result<Rule> block_ip_rule(std::string_view address_or_prefix);
Result<Rule> block_client_rule(std::string_view address_or_prefix);

}  // namespace netscope
