// What the rules cost: nanoseconds a question, by the number of rules and by what they ask for; and compiling them.
#include <benchmark/benchmark.h>

#include <array>
#include <format>
#include <memory>
#include <string>
#include <vector>

#include "netscope/policy/rule_set.h"

namespace netscope {
namespace {

enum Kind : int { names, addresses, mixed };
constexpr std::array<std::string_view, 3> kKindNames{"names", "addresses", "mixed"};

std::string name_of(int i) {
  return std::format("host{}.site{}.example", i, i / 7);
}

IpAddress address_of(int i) {
  return *IpAddress::parse(std::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255));
}

// The i-th rule. The mixed ones are what an office would write, over and over: a name or an address, and something else.
std::string rule_text(Kind kind, int i) {
  std::string text = std::format("[[rule]]\nname = \"r{}\"\naction = \"drop\"\n", i);
  const int form = kind == mixed ? 2 + i % 5 : static_cast<int>(kind);
  switch (form) {
    case 0: return text + std::format("domain = [\"{}\"]\n", name_of(i));
    case 1: return text + std::format("dst = [\"{}\"]\n", to_string(address_of(i)));
    case 2: return text + std::format("domain = [\"{}\"]\nsrc = [\"10.{}.0.0/16\"]\n", name_of(i), i % 8);
    case 3: return text + std::format("dst = [\"{}\"]\nport = [{}]\n", to_string(address_of(i)), 1000 + i % 16);
    case 4: return text + std::format("domain = [\"{}\"]\nproto = [\"tls\", \"quic\"]\n", name_of(i));
    case 5: return text + std::format("ip = [\"{}\"]\nproto = [\"udp\"]\n", to_string(address_of(i)));
    default: return text + std::format("domain = [\"{}\", \"*.{}\"]\nport = [443, \"8000-8100\"]\n", name_of(i), name_of(i));
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
      questions.push_back({.client = address_of(65536 * (i % 8) + i), .server = address_of(rule), .server_port = 443});
      Question& question = questions.back();
      question.ip_protocol = i % 4 == 0 ? kIpProtocolUdp : kIpProtocolTcp;
      if (i % 3 == 0) continue;
      question.protocol = i % 4 == 0 ? Protocol::quic : Protocol::tls;
      question.name = texts.back();
      question.app = Catalogue::built_in().find(question.name);
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
