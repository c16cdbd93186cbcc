// The rules compiled: immutable, shared by all workers, swapped as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/decision.h"
#include "netscope/policy/policy.h"
#include "netscope/policy/question.h"

namespace netscope {

class RuleProgram;

class RuleSet {
 public:
  // Keeps a reference to `catalogue`, which must outlive the rule set. `policy.rules` must be valid (parse_policy and
  // block_*_rule see to it) and at most 2^30.
  static RuleSet compile(Policy policy, const Catalogue& catalogue);
  RuleSet(RuleSet&&) noexcept;
  RuleSet& operator=(RuleSet&&) noexcept;
  ~RuleSet();

  // A question about a flow of these ends, of which no more is known.
  Question question(const Ends& ends) const { return {.ends = ends}; }
  // Adds a name that the flow showed, or that is known of its server's address, and what the catalogue says of it.
  // `name` must outlive the question; an empty one takes the name out.
  void name(Question& question, std::string_view name, NameSource source) const;

  // The first rule from the top that holds; nothing when a rule on the way cannot be judged yet. Never nothing when
  // `question.final`. A `log` rule never decides. While it cannot be judged it holds back an acceptance, so that it
  // will be counted, but not a block: logging must not let packets through.
  //
  // Allocates nothing. The cost does not grow with the number of domain, application and address rules; it grows with
  // the number of different combinations of ports and protocols among rules without an address.
  std::optional<Decision> decide(const Question& question) const;

  // Adds one to `hits[i]` for each `log` rule i ahead of the rule that decided and holds. `hits` has as many places as
  // there are rules. To be called once a decision. Allocates nothing.
  void count_logged(const Question& question, const Decision& decision, std::span<std::uint64_t> hits) const;

  // Whether any rule looks at names (domain, app, category) or fingerprints: without one, flows need not stay for what
  // they show later.
  bool asks_for_names() const { return asks_for_names_; }
  // What becomes of the packets of a flow that could not be judged to its end: accept or drop.
  Action unjudged() const { return policy_.unjudged.value_or(asks_for_names_ ? Action::drop : Action::accept); }
  // Whether any rule looks at fingerprints: without one, a question needs none.
  bool asks_for_ja4() const { return asks_for_ja4_; }
  // Whether any rule looks at names that only DNS answers told.
  bool asks_for_dns_names() const { return asks_for_dns_names_; }

  const Catalogue& catalogue() const { return *catalogue_; }
  std::span<const Rule> rules() const { return policy_.rules; }
  const Policy& policy() const { return policy_; }
  // The rule's name; "default" for kDefaultPolicy.
  std::string_view rule_name(RuleIndex rule) const;

 private:
  RuleSet(Policy policy, const Catalogue& catalogue);

  std::optional<Decision> apply_default(const Question& question, const Decision& by_default) const;

  Policy policy_;
  const Catalogue* catalogue_;
  bool asks_for_names_ = false, asks_for_ja4_ = false, asks_for_dns_names_ = false;
  std::unique_ptr<const RuleProgram> deciding_;  // the rules that accept, drop or reject
  std::unique_ptr<const RuleProgram> logging_;   // the log rules; null when there are none
};

}  // namespace netscope
