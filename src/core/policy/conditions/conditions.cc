#include "core/policy/conditions/conditions.h"

#include <vector>

namespace netscope {
namespace {

// All keys of a [[rule]].
std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys{{"name"}, {"action"}};
  const Conditions none;
  Conditions::for_each(none, [&]<class Condition>(const Condition&) {
    for (const std::string_view key : Condition::kKeys) keys.push_back({key});
  });
  for (const std::string_view key : {"list", "schedule"}) keys.push_back({key, KnownKey::Support::later});
  return keys;
}

}  // namespace

std::shared_ptr<const Conditions> Conditions::read(const RuleReader& in) {
  static const std::vector<KnownKey> kKnownKeys = known_keys();
  check_keys(in.table, "[[rule]]", kKnownKeys, in.errors);
  return of([&](Conditions& conditions) { for_each(conditions, [&](auto& condition) { condition.read(in); }); });
}

void Conditions::complete() {
  asked_ = {};
  may_change_ = false;
  std::uint32_t bit = 1;
  for_each(*this, [&]<class Condition>(const Condition& condition) {
    if (!condition.empty()) asked_[static_cast<std::size_t>(Condition::kAsks)] |= bit;
    if constexpr (Condition::kAsks != Asks::name) may_change_ |= condition.may_change();
    bit <<= 1;
  });
}

std::string Conditions::signature() const {
  Signature out;
  const std::uint32_t asked =
      asked_[static_cast<std::size_t>(Asks::flow)] | asked_[static_cast<std::size_t>(Asks::message)];
  std::uint32_t bit = 1;
  for_each(*this, [&]<class Condition>(const Condition& condition) {
    if constexpr (Condition::kAsks != Asks::name) {
      if ((asked & bit) != 0) {
        out.add(std::uint64_t{bit});
        condition.sign(out);
      }
    }
    bit <<= 1;
  });
  return out.take();
}

}  // namespace netscope
