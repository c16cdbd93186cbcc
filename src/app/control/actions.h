// What somebody blocked or allowed by hand: rules that stand before the file's, for a time or for good, kept in a file
// of their own, each of which can be taken back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/base/time.h"
#include "netscope/policy/catalogue/catalogue.h"
#include "netscope/policy/policy.h"

namespace netscope {

// What an action is about.
enum class ActionTarget : std::uint8_t { app, domain, client, prefix };
std::string_view to_string(ActionTarget target);
std::optional<ActionTarget> action_target(std::string_view word);

enum class ActionKind : std::uint8_t { block, allow };
std::string_view to_string(ActionKind kind);
std::optional<ActionKind> action_kind(std::string_view word);

struct ManualAction {
  std::uint64_t id = 0;
  ActionKind kind = ActionKind::block;
  ActionTarget target = ActionTarget::app;
  std::string value{};
  Time since{};
  std::optional<Time> until{};  // none: until it is taken back
};

inline constexpr std::size_t kMaxActions = 4096;
inline constexpr std::size_t kMaxActionsFile = std::size_t{4} << 20;
inline constexpr std::chrono::seconds kLongestAction = std::chrono::hours(24 * 366 * 10);

// The rule that carries it out, or what is wrong with the value and what to write instead.
Result<Rule> rule_of(const ManualAction& action, const Catalogue& catalogue);

class Actions {
 public:
  std::span<const ManualAction> all() const { return actions_; }
  const ManualAction* find(std::uint64_t id) const;
  // The entry with its id; refused beyond kMaxActions. Whether its rule can be made is the caller's to ask before.
  Result<ManualAction> add(ManualAction action);
  // Without an id, the newest. Nothing: there is none.
  std::optional<ManualAction> take_back(std::optional<std::uint64_t> id);
  // Takes what is over at `now`; whether there was something.
  bool expire(Time now);
  // The newest first, so that it wins. What no longer makes a rule (an application that left the catalogue) is left
  // out.
  std::vector<Rule> rules(const Catalogue& catalogue) const;

  std::string to_json() const;
  static Result<Actions> parse(std::string_view json, std::string_view file);

 private:
  std::vector<ManualAction> actions_;  // oldest first
  std::uint64_t last_id_ = 0;
};

// One entry as the API tells it.
std::string action_json(const ManualAction& action);

}  // namespace netscope
