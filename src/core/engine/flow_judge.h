// Private to this layer: what a flow showed becomes its facts, and from its facts follows how it stands. Nobody else
// asks the rules.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/flow_ledger.h"
#include "core/engine/moment.h"
#include "core/flow/table.h"
#include "core/inspect/sighting.h"
#include "netscope/engine/worker.h"
#include "netscope/flow/learned_names.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

class FlowJudge {
 public:
  // `table` and `ledger` outlive it.
  FlowJudge(std::shared_ptr<const RuleSet> rules, const WorkerOptions& options, FlowTable& table, FlowLedger& ledger);

  // What a message of this direction showed becomes the flow's, and the rules are asked again.
  void hear(Flow& flow, const Moment& moment, Direction from, const Sighting& sighting);
  // A message that shows no name, because it cannot be read: judged as one without a name, and by the policy for what
  // cannot be parsed.
  void hear_unreadable(Flow& flow, const Moment& moment, const Sighting& sighting);
  // The flow goes on with a connection whose hello said this in another one; to be followed by hear().
  void take_over(Flow& flow, const HelloFacts& hello) const;
  // Asks the rules with what is known so far.
  void ask(Flow& flow, const Moment& moment) { decide(flow, moment, question_of(flow)); }
  // The same as if nothing more came to light: what is settled may be settled anew by the next message.
  void ask_as_final(Flow& flow, const Moment& moment);
  // The same of a connection that is not likely to show more and may: where it is accepted, it stays.
  void ask_for_now(Flow& flow, const Moment& moment);
  // The same, and only a block counts. To accept a flow for what it did not say, the other side's answer has to be
  // waited for; where the rules block what is unknown, they do so now.
  void block_if_unknown_is_blocked(Flow& flow, const Moment& moment);
  // Blocks a flow within a tunnel whose ends the rules block.
  void block_by_outer(Flow& flow, const Packet& packet);
  // Nothing more will come to light: unknown now means "there is none", and the rules have an answer.
  void finish_facts(Flow& flow, const Moment& moment);
  // A limit was reached, and what is still unknown may exist: only what the rules say without it counts, or where they
  // would block all the same.
  void give_up(Flow& flow, const Moment& moment);
  // Asks the rules anew, by what is known of the flow: each name that it showed may block it. Datagrams of DNS are
  // asked about one by one, as they come.
  void judge_again(Flow& flow);
  // For reports: the name that DNS gave the server, where the flow shows none.
  void take_newest_learned_name(Flow& flow);
  // The first packet of a connection, by its ends alone. Nothing: what it will show has to be known.
  std::optional<Decision> judge_ends(const Packet& packet) const;
  // An ICMP error between the ends of the flow that it quotes.
  Decision judge_quoted(const Packet& packet) const;

  const RuleSet& rules() const { return *rules_; }
  void swap_rules(std::shared_ptr<const RuleSet> rules) { rules_ = std::move(rules); }

 private:
  Question question_of(const Flow& flow) const;
  void decide(Flow& flow, const Moment& moment, const Question& question);
  void settle(Flow& flow, const Moment& moment, const Decision& decision, const Question& question);
  static Standing standing_after(const Flow& flow, const Decision& decision, const Question& question);
  Protocol service_of(const Sighting& sighting, const Question& question) const;
  void remember_name(Flow& flow, const Sighting& sighting);
  std::string fingerprint(Flow& flow, const Sighting& sighting) const;
  bool takes_learned_name(const Flow& flow) const;
  void take_learned_name(Flow& flow, std::string_view name);
  bool blocked_by_learned_name(Flow& flow, const Moment& moment, Question& question);

  std::shared_ptr<const RuleSet> rules_;
  const LearnedNames* learned_names_;
  Recording recording_;
  std::optional<CategoryId> resolvers_;  // of the catalogue
  FlowTable& table_;                     // for the flows' records
  FlowLedger& ledger_;
};

}  // namespace netscope
