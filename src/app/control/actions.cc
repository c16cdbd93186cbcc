#include "app/control/actions.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ranges>

#include "netscope/output/json.h"

namespace netscope {
namespace {

using Json = nlohmann::json;

constexpr std::array kTargets{ActionTarget::app, ActionTarget::domain, ActionTarget::client, ActionTarget::prefix};
constexpr std::array kKinds{ActionKind::block, ActionKind::allow};
constexpr std::string_view kSchema = "netscope.actions/1";

std::int64_t microseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

// Nothing where the member is missing or is no moment.
std::optional<Time> moment(const Json& entry, const char* key) {
  const auto member = entry.find(key);
  if (member == entry.end() || !member->is_number_integer()) return std::nullopt;
  constexpr std::int64_t kLast = std::int64_t{4'000'000'000} * 1'000'000;  // the year 2096
  const auto value = member->get<std::int64_t>();
  if (value < 0 || value > kLast) return std::nullopt;
  return Time{std::chrono::microseconds(value)};
}

std::optional<std::string> text(const Json& entry, const char* key) {
  const auto member = entry.find(key);
  if (member == entry.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

std::optional<ManualAction> action_of(const Json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto id = entry.find("id");
  const auto kind = action_kind(text(entry, "action").value_or(""));
  const auto since = moment(entry, "since");
  if (id == entry.end() || !id->is_number_unsigned() || !kind || !since) return std::nullopt;
  ManualAction action{.id = id->get<std::uint64_t>(), .kind = *kind, .since = *since};
  std::size_t targets = 0;
  for (const ActionTarget target : kTargets) {
    if (const auto value = text(entry, std::string(to_string(target)).c_str())) {
      action.target = target;
      action.value = *value;
      ++targets;
    }
  }
  if (targets != 1) return std::nullopt;
  if (const auto until = entry.find("until"); until != entry.end() && !until->is_null()) {
    action.until = moment(entry, "until");
    if (!action.until) return std::nullopt;
  }
  return action;
}

}  // namespace

std::string_view to_string(ActionTarget target) {
  switch (target) {
    case ActionTarget::app: return "app";
    case ActionTarget::domain: return "domain";
    case ActionTarget::client: return "client";
    case ActionTarget::prefix: return "prefix";
  }
  return {};
}

std::optional<ActionTarget> action_target(std::string_view word) {
  for (const ActionTarget target : kTargets) {
    if (to_string(target) == word) return target;
  }
  return std::nullopt;
}

std::string_view to_string(ActionKind kind) {
  switch (kind) {
    case ActionKind::block: return "block";
    case ActionKind::allow: return "allow";
  }
  return {};
}

std::optional<ActionKind> action_kind(std::string_view word) {
  for (const ActionKind kind : kKinds) {
    if (to_string(kind) == word) return kind;
  }
  return std::nullopt;
}

Result<Rule> rule_of(const ManualAction& action, const Catalogue& catalogue) {
  Result<Rule> rule = failure("no rule");
  switch (action.target) {
    case ActionTarget::app: rule = block_app_rule(action.value, catalogue); break;
    case ActionTarget::domain: rule = block_domain_rule(action.value); break;
    case ActionTarget::prefix: rule = block_ip_rule(action.value); break;
    case ActionTarget::client: rule = block_client_rule(action.value); break;
  }
  if (!rule) return rule;
  rule->action = action.kind == ActionKind::block ? RuleAction::drop : RuleAction::accept;
  rule->name = "by hand " + std::to_string(action.id) + ": " + std::string(to_string(action.kind)) + " " + action.value;
  if (rule->name.size() > kMaxRuleName) rule->name.resize(kMaxRuleName);
  return rule;
}

const ManualAction* Actions::find(std::uint64_t id) const {
  const auto found = std::ranges::find(actions_, id, &ManualAction::id);
  return found == actions_.end() ? nullptr : &*found;
}

Result<ManualAction> Actions::add(ManualAction action) {
  if (actions_.size() >= kMaxActions) {
    return failure("there are " + std::to_string(kMaxActions) +
                   " blocked or allowed by hand already: take some back, or write rules");
  }
  action.id = ++last_id_;
  actions_.push_back(std::move(action));
  return actions_.back();
}

std::optional<ManualAction> Actions::take_back(std::optional<std::uint64_t> id) {
  if (actions_.empty()) return std::nullopt;
  const auto found = id ? std::ranges::find(actions_, *id, &ManualAction::id) : actions_.end() - 1;
  if (found == actions_.end()) return std::nullopt;
  ManualAction taken = std::move(*found);
  actions_.erase(found);
  return taken;
}

bool Actions::expire(Time now) {
  return std::erase_if(actions_, [now](const ManualAction& action) { return action.until && *action.until <= now; }) >
         0;
}

std::vector<Rule> Actions::rules(const Catalogue& catalogue) const {
  std::vector<Rule> rules;
  for (const ManualAction& action : std::views::reverse(actions_)) {
    if (auto rule = rule_of(action, catalogue)) rules.push_back(std::move(*rule));
  }
  return rules;
}

std::string Actions::to_json() const {
  Json document{{"schema", kSchema}, {"last_id", last_id_}, {"actions", Json::array()}};
  for (const ManualAction& action : actions_) {
    Json entry{{"id", action.id},
               {"action", to_string(action.kind)},
               {to_string(action.target), action.value},
               {"since", microseconds(action.since)},
               {"until", nullptr}};
    if (action.until) entry["until"] = microseconds(*action.until);
    document["actions"].push_back(std::move(entry));
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Actions> Actions::parse(std::string_view json, std::string_view file) {
  const auto wrong = [&](const std::string& what) {
    return std::unexpected(Error{.message = what, .file = std::string(file)});
  };
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object()) return wrong("is not JSON");
  if (text(document, "schema") != kSchema) return wrong("is not a file of actions (" + std::string(kSchema) + ")");
  const auto entries = document.find("actions");
  if (entries == document.end() || !entries->is_array()) return wrong("has no list of actions");
  if (entries->size() > kMaxActions) return wrong("holds more than " + std::to_string(kMaxActions) + " actions");
  Actions actions;
  if (const auto last = document.find("last_id"); last != document.end() && last->is_number_unsigned()) {
    actions.last_id_ = last->get<std::uint64_t>();
  }
  for (const Json& entry : *entries) {
    auto action = action_of(entry);
    if (!action || actions.find(action->id) != nullptr) {
      return wrong("the action " + std::to_string(actions.actions_.size() + 1) + " is not understood");
    }
    actions.last_id_ = std::max(actions.last_id_, action->id);
    actions.actions_.push_back(std::move(*action));
  }
  return actions;
}

std::string action_json(const ManualAction& action) {
  JsonWriter json;
  json.begin_object();
  json.number("id", action.id);
  json.text("action", to_string(action.kind));
  json.text(to_string(action.target), action.value);
  json.text("since", eve_timestamp(action.since));
  if (action.until) {
    json.text("until", eve_timestamp(*action.until));
  } else {
    json.null("until");
  }
  json.end_object();
  return std::string(json.result());
}

}  // namespace netscope
