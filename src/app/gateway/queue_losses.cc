#include "app/gateway/queue_losses.h"

#include <algorithm>

namespace netscope {

void QueueLosses::see(const Reading& reading, Time now) {
  const std::uint64_t passed_before = passed(), dropped_before = dropped_, known_before = taken_ + full_drops_;
  count(reading.queues);
  past_sockets_ = std::max(past_sockets_, reading.missed);
  if (reading.sent) estimate(*reading.sent, known_before);
  const bool full = std::ranges::any_of(
      reading.queues, [&](const nfq::QueueCounters& queue) { return queue.depth >= reading.max_length; });
  if (full || passed() > passed_before || dropped_ > dropped_before) {
    if (!trouble_) trouble_ = {.passed_before = passed_before, .dropped_before = dropped_before};
    trouble_->last = now;
  } else if (trouble_ && now - trouble_->last >= kRemembered) {
    trouble_.reset();
  }
}

void QueueLosses::count(std::span<const nfq::QueueCounters> queues) {
  for (const nfq::QueueCounters& queue : queues) {
    nfq::QueueCounters& last = last_[queue.number];
    const std::uint32_t full = queue.full_drops - last.full_drops;
    const std::uint32_t unread = queue.socket_drops - last.socket_drops;
    taken_ += queue.last_id - last.last_id;
    full_drops_ += full;
    dropped_ += std::uint64_t{full} + unread;
    last = queue;
  }
}

// A table that was put back begins with what the queues had before it was read: what they took meanwhile may be in
// what it sent, or not.
void QueueLosses::estimate(const Sent& sent, std::uint64_t known_before) {
  const auto unknown = [&](std::uint64_t known) {
    return static_cast<std::int64_t>(sent.packets) - static_cast<std::int64_t>(known);
  };
  if (sent.table != table_) {
    table_ = sent.table;
    offset_ = static_cast<std::int64_t>(past_queues_) - unknown(known_before);
  }
  const std::int64_t past = unknown(taken_ + full_drops_);
  past_queues_ = static_cast<std::uint64_t>(std::max(static_cast<std::int64_t>(past_queues_), past + offset_));
}

std::optional<std::string> QueueLosses::trouble() const {
  if (!trouble_) return std::nullopt;
  const std::uint64_t past = passed() - trouble_->passed_before, lost = dropped_ - trouble_->dropped_before;
  std::string text = "packets come faster than they are judged, or the program stood still: ";
  if (past > 0) text += "about " + std::to_string(past) + " passed unjudged (policy.overload is \"accept\")";
  if (past > 0 && lost > 0) text += " and ";
  if (lost > 0) text += std::to_string(lost) + " were dropped";
  if (past == 0 && lost == 0) text += "a queue is full";
  return text + "; give more queues and processors (--queues)";
}

}  // namespace netscope
