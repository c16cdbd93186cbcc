#include "app/gateway/event_writer.h"

#include <pthread.h>

#include <algorithm>

#include "linux/os/clocks.h"

namespace netscope {

Result<void> EventWriter::open(const std::string& flows, const std::string& events) {
  return log_.open(flows, events, nullptr);
}

void EventWriter::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "events");
    run();
  });
}

Result<void> EventWriter::close() {
  queue_.close();
  if (!thread_.joinable()) return {};
  thread_.join();
  return log_.close();
}

void EventWriter::offer(EventBatch batch) {
  const std::size_t count = batch.events.size();
  if (!queue_.offer(std::move(batch), count)) dropped_.fetch_add(count, std::memory_order_relaxed);
}

void EventWriter::reopen() {
  reopen_.store(true, std::memory_order_release);
  queue_.wake();
}

std::optional<Error> EventWriter::take_problem() {
  const std::lock_guard lock(mutex_);
  return std::exchange(problem_, std::nullopt);
}

void EventWriter::run() {
  for (;;) {
    std::optional<EventBatch> batch = queue_.take();
    if (reopen_.exchange(false, std::memory_order_acquire)) {
      if (const auto reopened = log_.reopen(); !reopened) {
        const std::lock_guard lock(mutex_);
        problem_ = reopened.error();
      }
    }
    if (batch) {
      write(*batch);
    } else if (queue_.closed_and_empty()) {
      return;
    }
  }
}

void EventWriter::write(EventBatch& batch) {
  for (Event& event : batch.events) {
    event.time += batch.correction;
    event.start += batch.correction;
    event.end += batch.correction;
  }
  if (log_.wanted()) {
    if (const auto written = log_.write(batch.events, *batch.rules); !written) {
      dropped_.fetch_add(batch.events.size(), std::memory_order_relaxed);
      const std::lock_guard lock(mutex_);
      problem_ = written.error();
    }
  }
  if (remembering_) remember(batch);
}

void EventWriter::remember(const EventBatch& batch) {
  for (const Event& event : batch.events) {
    std::string line;
    append_eve(line, event, *batch.rules, origin_);
    line.pop_back();  // the line feed
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    ++lines_told_;
    if (lines_.size() > kRecentLines) lines_.pop_front();
    if (event.kind != EventKind::flow) continue;
    flows_.push_front({.rules = batch.rules, .event = event, .told = os::wall_clock() - batch.correction});
    if (flows_.size() > kRecentFlows) flows_.pop_back();
  }
}

EventWriter::Lines EventWriter::recent_lines(std::uint64_t after) const {
  const std::lock_guard lock(mutex_);
  Lines out;
  out.next = lines_told_;
  const std::uint64_t first = lines_told_ - lines_.size();  // lines before the oldest that is kept
  const std::uint64_t from = std::clamp(after, first, lines_told_);
  out.missed = from - std::min(after, from);
  out.lines.assign(lines_.begin() + static_cast<std::ptrdiff_t>(from - first), lines_.end());
  return out;
}

std::vector<EventWriter::EndedFlow> EventWriter::recent_flows() const {
  const std::lock_guard lock(mutex_);
  return {flows_.begin(), flows_.end()};
}

}  // namespace netscope
