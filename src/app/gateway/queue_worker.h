// One thread, one queue, one worker: bursts in, verdicts out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/gateway/event_writer.h"
#include "app/gateway/name_exchange.h"
#include "app/gateway/published.h"
#include "linux/nfq/queue.h"
#include "linux/os/clocks.h"
#include "netscope/engine/answer_watch.h"
#include "netscope/engine/worker.h"
#include "netscope/output/kernel_view.h"
#include "netscope/policy/settings/live_settings.h"

namespace netscope {

// What a worker tells of itself, once a second.
struct WorkerReport {
  Statistics statistics;
  std::vector<std::uint64_t> log_hits;
  std::uint32_t flows = 0;  // remembered now
  LatencyHistogram latency;
  nfq::SocketCounters socket;
  std::uint64_t answered_to_stop = 0;  // packets that go on with a mark by which the kernel's rules stop them
};

// Places of the flow table that are looked at between two bursts while somebody asks for flows: about a tenth of a
// millisecond where all of them hold one.
inline constexpr std::uint32_t kPlacesPerBurst = 256;

// Places whose flows are brought into the statistics each second, a stretch at a time between two bursts: less
// than one per cent of the time, even where all of them had packets (bench_collecting). The flows of a larger table are
// as many seconds behind as it has that many places.
inline constexpr std::uint32_t kPlacesPerReport = 16384;

// The flows of one worker, by the clock of flows.
struct FlowListing {
  std::shared_ptr<const RuleSet> rules;
  std::vector<Event> flows;
};

class QueueWorker {
 public:
  struct Options {
    WorkerOptions worker{};
    Marks marks{};
    Offload offload = Offload::mark;
    // What an answer says of the connection goes through the chain that queued the packet, which carries it out: where
    // no later chain is sure to be asked (iptables).
    bool repeat = false;
    Tunnels tunnels = Tunnels::opaque;
    bool fail_open = false;  // what is still unanswered at the very end is accepted
    unsigned index = 0;      // of the worker; its thread is pinned to the processor of that number where there is one
  };

  // Events go to `events`, which outlives this, as `names` does: there the worker of `options.index` tells the others
  // what it learns from DNS. The thread begins with start() and ends with stop() or on an error of
  // the queue.
  QueueWorker(nfq::Queue queue, std::shared_ptr<const RuleSet> rules, const Options& options,
              const os::SteadyWallClock& clock, EventWriter& events, NameExchange& names);
  QueueWorker(const QueueWorker&) = delete;
  QueueWorker& operator=(const QueueWorker&) = delete;
  ~QueueWorker();

  void start();
  // Answers what is still queued, ends the thread and all flows. The last report can be taken afterwards.
  void stop();

  // With Options::repeat: whether packets that pass go through that chain as well, since somebody has rules behind ours
  // there. Those with SYN always do: they are what most such rules are for. From any thread; true at first.
  void show_to_neighbours(bool show) { show_to_neighbours_.store(show, std::memory_order_relaxed); }

  // From any thread.
  void put_in_force(std::shared_ptr<const RuleSet> rules);
  bool follows_newest_rules() const;
  // Grows with every burst, and at least four times a second in a thread that is alive.
  std::uint64_t progress() const { return progress_.load(std::memory_order_relaxed); }
  std::optional<std::string> failure() const;
  std::shared_ptr<const WorkerReport> report() const;
  // Wants the flows that a packet reached after `since`; told between bursts, a part at a time. A later wish replaces
  // it.
  void ask_for_flows(Time since);
  // The answer to the last wish; null until it is there.
  std::shared_ptr<const FlowListing> listing() const;
  std::uint16_t queue_number() const { return queue_.number(); }

 private:
  void run();
  void judge(std::span<const nfq::QueuedPacket> burst);
  void learn_names(std::span<const Packet> packets);
  bool is_to_be_stopped(const nfq::Answer& answer) const;
  nfq::Answer answer_for(const Verdict& verdict, const Packet& packet) const;
  void follow_newest_rules();
  void hand_over_events();
  void tell_some_flows();
  void count_some_flows();
  void publish_report();
  void fail(std::string what);

  Options options_;
  const os::SteadyWallClock& clock_;
  EventWriter& events_;
  NameExchange& names_;
  nfq::Queue queue_;
  std::shared_ptr<const RuleSet> rules_;
  LearnedNames learned_;
  Worker worker_;
  AnswerWatch answers_;
  Defragmenter defragmenter_;  // of what the kernel has not put together: where it tracks no connections
  std::vector<std::vector<std::uint8_t>> datagrams_;  // of the burst
  std::uint64_t number_ = 0;                          // of the last packet
  LatencyHistogram latency_;
  std::uint64_t answered_to_stop_ = 0;
  std::vector<Packet> packets_;
  std::vector<Verdict> verdicts_;

  Published<const RuleSet> newest_rules_;
  std::uint64_t rules_seen_ = 0;
  std::atomic<std::uint64_t> rules_followed_ = 0;
  std::atomic<std::uint64_t> progress_ = 0;
  std::atomic<bool> stopping_ = false, show_to_neighbours_ = true;
  Published<const WorkerReport> report_;

  Published<const Time> wish_;
  std::uint64_t wish_seen_ = 0;
  std::atomic<std::uint64_t> wishes_ = 0, wishes_fulfilled_ = 0;
  Published<const FlowListing> listing_;
  struct Telling {
    Time since{};
    std::uint32_t place = 0;
    FlowListing listing{};
  };
  std::optional<Telling> telling_;

  std::uint32_t place_to_count_ = 0;   // of the flow table
  std::uint32_t places_to_count_ = 0;  // before the next report

  mutable std::mutex mutex_;  // of what follows
  std::optional<std::string> failure_;

  std::thread thread_;
};

}  // namespace netscope
