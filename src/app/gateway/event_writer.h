// Events leave the program on a thread of their own: a slow disk holds up neither the packets nor the signals.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/gateway/bounded_queue.h"
#include "app/output/event_log.h"
#include "netscope/engine/event.h"
#include "netscope/policy/rule_set.h"

namespace netscope {

// Events of one set of rules.
struct EventBatch {
  std::shared_ptr<const RuleSet> rules;
  Duration correction{};  // from the clock of flows to the one on the wall
  std::vector<Event> events;
};

// Events that wait for the writer; beyond they are counted and left.
inline constexpr std::size_t kMaxWaitingEvents = 65536;
// Lines and ended flows of late that are kept for those who ask.
inline constexpr std::size_t kRecentLines = 4096, kRecentFlows = 8192;

class EventWriter {
 public:
  explicit EventWriter(EventOrigin origin) : log_(origin), origin_(origin) {}
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;
  ~EventWriter() { static_cast<void>(close()); }  // who wants to know what went wrong has closed it

  // Before start(): the files, by name; those of an empty name are not written.
  Result<void> open(const std::string& flows, const std::string& events);
  // Keeps the last lines and flows in memory, for recent_lines and recent_flows.
  void remember_recent() { remembering_ = true; }
  // From here on the thread runs.
  void start();
  // Writes what waits, ends the thread, closes the files; what went wrong at the very end.
  Result<void> close();

  // From any thread; never waits for a file.
  void offer(EventBatch batch);
  // The files are opened anew by their names, after whoever rotates logs has renamed them.
  void reopen();
  // Events that found the queue full, or could not be written.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  // What went wrong since the last call.
  std::optional<Error> take_problem();

  struct Lines {
    std::uint64_t next = 0;  // to ask with the next time
    std::uint64_t missed = 0;
    std::vector<std::string> lines;
  };
  // The lines behind number `after`, oldest first, as far as they are kept.
  Lines recent_lines(std::uint64_t after) const;
  struct EndedFlow {
    std::shared_ptr<const RuleSet> rules;
    Event event;
    Time told{};  // when its end was known, by the clock of flows
  };
  // Flows that ended of late, newest first.
  std::vector<EndedFlow> recent_flows() const;

 private:
  void run();
  void write(EventBatch& batch);
  void remember(const EventBatch& batch);

  EventLog log_;
  EventOrigin origin_;
  bool remembering_ = false;
  BoundedQueue<EventBatch> queue_{kMaxWaitingEvents};
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<bool> reopen_ = false;

  mutable std::mutex mutex_;  // of what follows
  std::optional<Error> problem_;
  std::deque<std::string> lines_;
  std::uint64_t lines_told_ = 0;
  std::deque<EndedFlow> flows_;

  std::thread thread_;
};

}  // namespace netscope
