// What collecting costs a worker's thread: a snapshot of its statistics, once a second, with all tables full. It may
// take 10 ms: one per cent of the second.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "netscope/engine/statistics.h"
#include "netscope/net/address.h"

namespace netscope {
namespace {

constexpr std::size_t kRules = 1000, kApps = 200;

Statistics full_statistics() {
  Statistics statistics(kRules, kApps, kWorkerTableSize);
  for (std::uint32_t i = 0; i < 4 * kWorkerTableSize; ++i) {
    const std::string domain = "host-" + std::to_string(i) + ".some-longer-name.example.org";
    const IpAddress client =
        IpAddress::parse("10.0." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250)).value();
    const Tally tally{.packets = i, .bytes = i * 1000, .flows = 1, .blocked = i / 10};
    statistics.domains.add(domain, tally);
    statistics.clients.add(client, tally);
    statistics.edges.add(EdgeView{.client = client, .app = static_cast<AppId>(i % kApps), .domain = domain}, tally);
  }
  for (int second = 0; second < 100'000; ++second) {
    statistics.timeline.add(Time{std::chrono::seconds(1'700'000'000 + second)}, 1000, false);
  }
  return statistics;
}

void snapshot(benchmark::State& state) {
  const Statistics statistics = full_statistics();
  for (auto _ : state) {
    auto copy = std::make_shared<const Statistics>(statistics);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(snapshot)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace netscope
