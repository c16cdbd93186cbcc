// A rules file and a catalogue of any bytes: errors or a policy that compiles and answers.
#include "netscope/policy/rule_set.h"

using namespace netscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const Catalogue& catalogue = Catalogue::built_in();
  static_cast<void>(Catalogue::parse(text, "fuzz.toml"));
  auto policy = parse_policy(text, "fuzz.toml", catalogue);
  if (!policy) return policy.error().empty() ? __builtin_trap(), 0 : 0;
  const RuleSet rules = RuleSet::compile(std::move(*policy), catalogue);
  const Question question{.name = text.substr(0, 253), .app = catalogue.find(text.substr(0, 253)), .final = true};
  if (!rules.decide(question)) __builtin_trap();
  return 0;
}
