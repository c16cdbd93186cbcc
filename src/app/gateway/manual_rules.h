// What is blocked and allowed by hand, as rules before those of the file: kept in a file of their own, so that they
// come and go without the rules file being read, which somebody may be editing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/control/actions.h"
#include "app/gateway/console.h"
#include "netscope/policy/policy.h"

namespace netscope {

class ManualRules {
 public:
  // What cannot be read or kept is said on `console`, which outlives it.
  explicit ManualRules(Console& console) : console_(console) {}

  // Takes up what a run before kept in this folder, but for what is over at `now`. A file that cannot be read is set
  // aside. To be called once, at the start; without it, nothing is kept.
  void open(const std::string& folder, Time now);

  const Actions& actions() const { return actions_; }
  std::vector<Rule> rules(const Catalogue& catalogue) const { return actions_.rules(catalogue); }
  // As the functions of Actions.
  Result<ManualAction> add(ManualAction action) { return actions_.add(std::move(action)); }
  std::optional<ManualAction> take_back(std::optional<std::uint64_t> id) { return actions_.take_back(id); }
  bool expire(Time now) { return actions_.expire(now); }

  // A policy in force, with the rules of now in place of those that stood at its head.
  Policy renew(Policy policy, const Catalogue& catalogue) const;
  // The rules of now are in force from now on.
  void are_in_force(const Catalogue& catalogue) { in_force_ = rules(catalogue).size(); }
  // Writes them to their file.
  void keep();

 private:
  Console& console_;
  Actions actions_;
  std::size_t in_force_ = 0;  // rules at the head of the policy
  std::string file_;          // empty: they are not kept
};

}  // namespace netscope
