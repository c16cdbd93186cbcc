// The same as accept_all through the product's own layer: what that costs above the least possible.
#include "bench_threads.h"
#include "linux/nfq/queue.h"

namespace {

using namespace netscope;

bench::Count accept_all(std::uint16_t number, const bench::Options& options, const std::atomic<bool>& stop) {
  auto queue = nfq::Queue::open({.number = number});
  if (!queue) {
    std::fprintf(stderr, "%s\n", queue.error().message.c_str());
    std::exit(1);
  }
  const nfq::Answer accept{.ruling = nfq::Ruling::accept, .mark = options.mark, .mark_mask = options.mark_mask};
  while (!stop) {
    const auto burst = queue->receive(std::chrono::milliseconds(100));
    if (!burst) break;
    for (std::size_t i = 0; i < burst->size(); ++i) queue->answer(i, accept);
    if (!queue->send()) break;
  }
  return {.packets = queue->counters().packets, .bursts = queue->counters().bursts};
}

}  // namespace

int main(int argc, char** argv) {
  return bench::accept_until_signal(bench::parse_options(argc, argv), accept_all);
}
