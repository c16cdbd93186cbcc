// What the two programs that accept everything share: options, one pinned thread a queue, and the report.
//
// usage: PROGRAM FIRST[-LAST] [--mark VALUE/MASK] [--cpu FIRST]     ends with SIGTERM or SIGINT
#pragma once

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <thread>
#include <vector>

namespace netscope::bench {

struct Options {
  unsigned first = 0;
  unsigned last = 0;
  std::uint32_t mark = 0;
  std::uint32_t mark_mask = 0;  // 0: no mark is written
  unsigned cpu = 0;             // of the first thread; the others follow
};

struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bursts = 0;
  double cpu_seconds = 0;
};

[[noreturn]] inline void stop_with(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline Options parse_options(int argc, char** argv) {
  Options options;
  bool good = argc >= 2 && argc % 2 == 0;
  if (good) {
    const int numbers = std::sscanf(argv[1], "%u-%u", &options.first, &options.last);
    if (numbers == 1) options.last = options.first;
    good = numbers >= 1 && options.last >= options.first && options.last < 65536;
  }
  for (int i = 2; good && i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--mark") {
      char* end = nullptr;
      options.mark = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], &end, 0));
      good = *end == '/';
      if (good) options.mark_mask = static_cast<std::uint32_t>(std::strtoul(end + 1, &end, 0));
      good = good && *end == '\0';
    } else {
      good = name == "--cpu" && std::sscanf(argv[i + 1], "%u", &options.cpu) == 1;
    }
  }
  if (good) return options;
  std::fprintf(stderr, "usage: %s FIRST[-LAST] [--mark VALUE/MASK] [--cpu FIRST]\n", argv[0]);
  std::exit(2);
}

inline double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Runs `accept(queue number, options, stop)` for each queue on a thread of its own until a signal sets `stop`, which
// each looks at ten times a second or oftener, and prints what they counted as JSON.
template <class Accept>
int accept_until_signal(const Options& options, Accept accept) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::atomic<bool> stop = false;
  std::vector<Count> counts(options.last - options.first + 1);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < counts.size(); ++i) {
    threads.emplace_back([&, i] {
      cpu_set_t cpus;
      CPU_ZERO(&cpus);
      CPU_SET((options.cpu + i) % std::thread::hardware_concurrency(), &cpus);
      ::sched_setaffinity(0, sizeof cpus, &cpus);
      counts[i] = accept(static_cast<std::uint16_t>(options.first + i), options, stop);
      counts[i].cpu_seconds = thread_cpu_seconds();
    });
  }
  int signal = 0;
  ::sigwait(&signals, &signal);
  stop = true;
  for (std::thread& thread : threads) thread.join();

  Count sum;
  for (const Count& count : counts) {
    sum.packets += count.packets;
    sum.bursts += count.bursts;
    sum.cpu_seconds += count.cpu_seconds;
  }
  const double packets = sum.packets > 0 ? static_cast<double>(sum.packets) : 1;
  std::printf(
      "{\"queues\": %zu, \"packets\": %llu, \"bursts\": %llu, \"cpu_seconds\": %.6f, \"cpu_ns_per_packet\": %.1f}\n",
      counts.size(), static_cast<unsigned long long>(sum.packets), static_cast<unsigned long long>(sum.bursts),
      sum.cpu_seconds, 1e9 * sum.cpu_seconds / packets);
  return 0;
}

}  // namespace netscope::bench
