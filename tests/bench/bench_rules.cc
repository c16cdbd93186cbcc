// What the rules cost: nanoseconds a question, by the number of rules and by what they ask for; and compiling them.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "netscope/net/headers.h"
#include "netscope/policy/rule_set.h"

namespace netscope {
namespace {

enum Kind : int { names, addresses, mixed };
constexpr std::array<std::string_view, 3> kKindNames{"names", "addresses", "mixed"};

std::string number(int i) {
  return std::to_string(i);
}

std::string name_of(int i) {
  return "host" + number(i) + ".site" + number(i / 7) + ".example";
}

std::string address_text(int i) {
  return "10." + number(i >> 16 & 255) + '.' + number(i >> 8 & 255) + '.' + number(i & 255);
}

IpAddress address_of(int i) {
  return *IpAddress::parse(address_text(i));
}

// The i-th rule. The mixed ones are what an office would write, over and over: a name or an address, and something
// else.
std::string rule_text(Kind kind, int i) {
  const std::string rule = "[[rule]]\nname = \"r" + number(i) + "\"\naction = \"drop\"\n";
  const std::string name = '"' + name_of(i) + '"', address = '"' + address_text(i) + '"';
  const int form = kind == mixed ? 2 + i % 5 : static_cast<int>(kind);
  switch (form) {
    case 0: return rule + "domain = [" + name + "]\n";
    case 1: return rule + "dst = [" + address + "]\n";
    case 2: return rule + "domain = [" + name + "]\nsrc = [\"10." + number(i % 8) + ".0.0/16\"]\n";
    case 3: return rule + "dst = [" + address + "]\nport = [" + number(1000 + i % 16) + "]\n";
    case 4: return rule + "domain = [" + name + "]\nproto = [\"tls\", \"quic\"]\n";
    case 5: return rule + "ip = [" + address + "]\nproto = [\"udp\"]\n";
    default: return rule + "domain = [" + name + ", \"*." + name_of(i) + "\"]\nport = [443, \"8000-8100\"]\n";
  }
}

Policy policy_of(Kind kind, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += rule_text(kind, i);
  return parse_policy(text, "bench.toml", Catalogue::built_in()).value();
}

// What a worker asks: half of it meets a rule somewhere, half of it none; of three, one has not shown its name yet.
struct Asked {
  std::vector<std::string> texts;
  std::vector<Question> questions;

  explicit Asked(int rules) {
    constexpr int kCount = 256;
    texts.reserve(kCount);
    for (int i = 0; i < kCount; ++i) {
      const int rule = static_cast<int>(std::int64_t{i} * 2'654'435'761 % (2 * std::int64_t{rules}));
      texts.push_back(name_of(rule));
      questions.push_back(
          {.ends = {.client = address_of(65536 * (i % 8) + i), .server = address_of(rule), .server_port = 443}});
      Question& question = questions.back();
      question.ends.ip_protocol = i % 4 == 0 ? ip_protocol::udp : ip_protocol::tcp;
      if (i % 3 == 0) continue;
      question.protocol = i % 4 == 0 ? Protocol::quic : Protocol::tls;
      question.name = texts.back();
      question.app = Catalogue::built_in().find(question.name);
      question.category = Catalogue::built_in().category_of(question.app);
      question.final = true;
    }
  }
};

void decide(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const int count = static_cast<int>(state.range(1));
  state.SetLabel(std::string(kKindNames[kind]));
  const RuleSet rules = RuleSet::compile(policy_of(kind, count), Catalogue::built_in());
  const Asked asked(count);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rules.decide(asked.questions[i]));
    i = (i + 1) % asked.questions.size();
  }
}
BENCHMARK(decide)->ArgsProduct({{names, addresses, mixed}, {10, 1'000, 100'000}});

void compile(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  state.SetLabel(std::string(kKindNames[kind]));
  const Policy policy = policy_of(kind, static_cast<int>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(RuleSet::compile(policy, Catalogue::built_in()));
}
BENCHMARK(compile)->ArgsProduct({{names, addresses, mixed}, {10, 1'000, 100'000}})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace netscope
