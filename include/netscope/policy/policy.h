// The policy as a person wrote it: rules/*.toml in memory.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/dpi/protocol.h"
#include "netscope/net/address.h"
#include "netscope/policy/decision.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope {

// How a domain condition compares.
enum class DomainMatch : std::uint8_t {
  suffix,  // "example.org": itself and everything below it
  exact,   // "=example.org"
  below,   // "*.example.org": everything below it, not itself
};

struct DomainPattern {
  DomainMatch match = DomainMatch::suffix;
  std::string domain{};  // in the form of normalize_domain
  bool operator==(const DomainPattern&) const = default;

  // "example.org", "=example.org" or "*.example.org"; a regular expression is refused with a clear word.
  static Result<DomainPattern> parse(std::string_view written);
};

std::string to_string(const DomainPattern& pattern);

// Ports from first to last, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  auto operator<=>(const PortRange&) const = default;
};

// IP protocol numbers (IANA) that `proto` conditions name.
inline constexpr std::uint8_t kIpProtocolIcmp = 1;
inline constexpr std::uint8_t kIpProtocolTcp = 6;
inline constexpr std::uint8_t kIpProtocolUdp = 17;
inline constexpr std::uint8_t kIpProtocolIcmpV6 = 58;

// One value of a `proto` condition: a transport ("tcp", "udp", "icmp": both ICMPs) or an application protocol ("tls").
struct ProtocolCondition {
  std::uint8_t ip_protocol = 0;           // kIpProtocol*, or 0 when this names an application protocol
  Protocol protocol = Protocol::unknown;  // or unknown when this names a transport
  auto operator<=>(const ProtocolCondition&) const = default;
};

enum class RuleAction : std::uint8_t { accept, drop, reject, log };

// "accept", "drop", "reject", "log".
std::string_view to_string(RuleAction action);

// One [[rule]]. An empty condition list means that the rule does not ask for it; the file cannot write one. A rule
// without any condition holds for everything.
struct Rule {
  std::string name{};
  RuleAction action = RuleAction::drop;
  std::vector<std::string> apps{};        // names as the catalogue spells them
  std::vector<std::string> categories{};  // as the catalogue spells them
  std::vector<DomainPattern> domains{};
  std::vector<IpPrefix> either{};  // ip: either end
  std::vector<IpPrefix> src{};     // the client's end
  std::vector<IpPrefix> dst{};     // the server's end
  std::vector<PortRange> ports{};  // the server's port, of TCP and UDP
  std::vector<ProtocolCondition> protocols{};
  std::vector<std::string> ja4{};  // see tls::parse_ja4_pattern
  // by: which names `apps`, `categories` and `domains` hold for; empty: those that the flow itself shows. A name from a
  // DNS answer counts only where it is asked for, only for a flow that shows none, and never to accept: who brings a
  // resolver of his own could name any address what he likes.
  std::vector<NameSource> sources{};
};

// A whole rules file.
struct Policy {
  Action default_action = Action::accept;
  Action unparsed = Action::accept;  // broken headers, not IP
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

// --block-app, --block-domain and --block-ip: one dropping rule each, named "block-app:YouTube" and the like.
Result<Rule> block_app_rule(std::string_view app, const Catalogue& catalogue);
Result<Rule> block_domain_rule(std::string_view domain);
Result<Rule> block_ip_rule(std::string_view address_or_prefix);

}  // namespace netscope
