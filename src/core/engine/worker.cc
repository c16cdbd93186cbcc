#include "netscope/engine/worker.h"

#include <utility>

#include "core/engine/stages.h"

namespace netscope {

Worker::Worker(const std::shared_ptr<const RuleSet>& rules, const WorkerOptions& options)
    : stages_(std::make_unique<Stages>(rules, options)) {}
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&&) noexcept = default;
Worker::~Worker() = default;

void Worker::process(std::span<const Packet> packets, std::span<Verdict> verdicts) {
  stages_->process(packets, verdicts);
}

void Worker::swap_rules(std::shared_ptr<const RuleSet> rules) {
  stages_->swap_rules(std::move(rules));
}

void Worker::forget_silent_flows(Time now) {
  stages_->forget_silent_flows(now);
}

void Worker::finish() {
  stages_->finish();
}

std::uint32_t Worker::tell_flows(std::uint32_t place, std::uint32_t count, Time since, std::vector<Event>& out) const {
  return stages_->ledger().tell(place, count, since, out);
}

std::uint32_t Worker::count_open_flows(std::uint32_t place, std::uint32_t count) {
  return stages_->ledger().count_open(place, count);
}

Bytes Worker::flow_memory() const {
  return stages_->table().memory();
}

const Statistics& Worker::statistics() const {
  return stages_->ledger().statistics();
}

std::uint32_t Worker::flow_count() const {
  return stages_->table().size();
}

std::span<const std::uint64_t> Worker::log_hits() const {
  return std::as_const(*stages_).ledger().log_hits();
}

std::vector<Event> Worker::take_events() {
  return stages_->ledger().take_events();
}

void Worker::take_events(std::vector<Event>& taken) {
  stages_->ledger().take_events(taken);
}

std::span<const PacketTrace> Worker::traces() const {
  return stages_->ledger().traces();
}

}  // namespace netscope
