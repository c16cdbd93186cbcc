// Where the rules come from: the file, the command line, the catalogue.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "netscope/base/result.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// The catalogue and the rules compiled against it; they live and go together.
struct LoadedPolicy {
  std::shared_ptr<const Catalogue> catalogue;
  std::shared_ptr<const RuleSet> rules;
};

// Everything that is wrong, in the order of the command line and the files.
std::expected<std::shared_ptr<const Catalogue>, std::vector<Error>> load_catalogue(const CommandLine& options);
std::expected<LoadedPolicy, std::vector<Error>> load_policy(const CommandLine& options);
// The rules once more, against a catalogue that is loaded. `first` stand before all others.
std::expected<LoadedPolicy, std::vector<Error>> load_policy(const CommandLine& options,
                                                            std::shared_ptr<const Catalogue> catalogue,
                                                            std::vector<Rule> first = {});
// The same with this text in place of the file's.
std::expected<LoadedPolicy, std::vector<Error>> load_policy_text(const CommandLine& options,
                                                                 std::shared_ptr<const Catalogue> catalogue,
                                                                 std::vector<Rule> first, const std::string& text);

// What --check prints: the rules as they were understood.
std::string describe(const RuleSet& rules);

}  // namespace netscope
