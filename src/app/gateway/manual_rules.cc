#include "app/gateway/manual_rules.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "app/output/files.h"

namespace netscope {

void ManualRules::open(const std::string& folder, Time now) {
  file_ = folder + "/actions.json";
  if (::access(file_.c_str(), F_OK) != 0) return;
  const auto text = read_text_file(file_, kMaxActionsFile);
  auto kept = text ? Actions::parse(*text, file_) : Result<Actions>(std::unexpected(text.error()));
  if (kept) {
    actions_ = std::move(*kept);
    actions_.expire(now);
    return;
  }
  const std::string aside = file_ + ".broken";
  ::rename(file_.c_str(), aside.c_str());
  console_.log(LogLevel::error, to_string(kept.error()) + "; it was set aside as " + aside +
                                    ", and nothing is blocked or allowed by hand");
}

Policy ManualRules::renew(Policy policy, const Catalogue& catalogue) const {
  policy.rules.erase(policy.rules.begin(), policy.rules.begin() + static_cast<std::ptrdiff_t>(in_force_));
  const std::vector<Rule> now = rules(catalogue);
  policy.rules.insert(policy.rules.begin(), now.begin(), now.end());
  return policy;
}

void ManualRules::keep() {
  if (file_.empty()) return;
  if (const auto kept = replace_file(file_, actions_.to_json()); !kept) {
    console_.log(LogLevel::error, to_string(kept.error()) + "; it holds, but not after a restart");
  }
}

}  // namespace netscope
