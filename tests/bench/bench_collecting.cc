// What collecting costs a worker's thread each second: a snapshot of its statistics with all tables full, and the open
// flows of kPlacesPerReport places brought into them, all of which have had packets since, and names. Together they may
// take 10 ms: one per cent of the second.
//
// And what a listing of flows costs (--ctl flows, the page): in stretches between bursts, each of which may take
// 0.5 ms. Of 100,000 open flows.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "netscope/engine/statistics.h"
#include "netscope/engine/worker.h"
#include "netscope/net/address.h"
#include "support/conversation.h"
#include "support/payloads.h"

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

// As in app/gateway/queue_worker.h.
constexpr std::uint32_t kPlacesPerBurst = 256, kPlacesPerReport = 16384;

// A worker with open TLS connections, each with a name of its own.
class OpenFlows {
 public:
  explicit OpenFlows(std::uint32_t flows)
      : worker_(std::make_shared<const RuleSet>(RuleSet::compile({}, Catalogue::built_in())),
                {.flow_capacity = flows, .recording = {.flows = true, .open_flows = true}}) {
    for (std::uint32_t i = 0; i < flows; ++i) {
      const std::string client = "10.1." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250 + 1);
      const auto port = static_cast<std::uint16_t>(1024 + i / 62500);
      const std::string name = "host-" + std::to_string(i % 5000) + ".some-longer-name.example.org";
      test::TcpConversation conversation({.client = client, .client_port = port});
      const auto packets = conversation.handshake().client(test::client_hello(name)).packets();
      for (const test::TimedPacket& packet : packets) judge(packet);
      last_.push_back(packets.back());
    }
  }
  Worker& worker() { return worker_; }
  // One more packet for each flow of the first places.
  void go_on(std::uint32_t flows) {
    for (std::uint32_t i = 0; i < flows; ++i) judge(last_[i]);
  }

 private:
  void judge(const test::TimedPacket& timed) {
    const auto frame = timed.packet.bytes();
    Packet packet =
        make_packet(decode_frame(frame, static_cast<LinkType>(timed.packet.link_type()), Tunnels::look_through));
    packet.time = timed.at;
    packet.number = ++number_;
    packet.size_on_wire = static_cast<std::uint32_t>(frame.size());
    Verdict verdict;
    worker_.process(std::span(&packet, 1), std::span(&verdict, 1));
  }

  Worker worker_;
  std::vector<test::TimedPacket> last_;
  std::uint64_t number_ = 0;
};

void count_open_flows(benchmark::State& state) {
  OpenFlows flows(kPlacesPerReport);
  for (auto _ : state) {
    state.PauseTiming();
    flows.go_on(kPlacesPerReport);
    state.ResumeTiming();
    for (std::uint32_t place = 0; (place = flows.worker().count_open_flows(place, kPlacesPerBurst)) != 0;) {
    }
  }
}
BENCHMARK(count_open_flows)->Unit(benchmark::kMicrosecond)->Iterations(20);

// Nothing came since the last look.
void count_silent_flows(benchmark::State& state) {
  OpenFlows flows(kPlacesPerReport);
  for (auto _ : state) {
    for (std::uint32_t place = 0; (place = flows.worker().count_open_flows(place, kPlacesPerBurst)) != 0;) {
    }
  }
}
BENCHMARK(count_silent_flows)->Unit(benchmark::kMicrosecond);

void tell_all_flows(benchmark::State& state) {
  OpenFlows flows(100'000);
  for (auto _ : state) {
    std::vector<Event> told;
    for (std::uint32_t place = 0;
         (place = flows.worker().tell_flows(place, kPlacesPerBurst, Time::min(), told)) != 0;) {
    }
    benchmark::DoNotOptimize(told.data());
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(tell_all_flows)->Unit(benchmark::kMillisecond);

// One stretch between two bursts: what a packet may have to wait.
void tell_one_stretch(benchmark::State& state) {
  OpenFlows flows(100'000);
  std::uint32_t place = 0;
  for (auto _ : state) {
    std::vector<Event> told;
    place = flows.worker().tell_flows(place, kPlacesPerBurst, Time::min(), told);
    benchmark::DoNotOptimize(told.data());
  }
}
BENCHMARK(tell_one_stretch)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace netscope
