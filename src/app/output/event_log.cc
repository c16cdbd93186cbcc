#include "app/output/event_log.h"

namespace netscope {

Result<void> EventLog::open(const std::string& flows, const std::string& events, const InputFile* input) {
  for (const auto& [name, file] : {std::pair{&flows, &flows_}, std::pair{&events, &events_}}) {
    if (name->empty()) continue;
    auto opened = OutputFile::create(*name, input);
    if (!opened) return std::unexpected(opened.error());
    *file = std::move(*opened);
  }
  return {};
}

Result<void> EventLog::write(std::span<const Event> events, const RuleSet& rules) {
  flow_lines_.clear();
  event_lines_.clear();
  for (const Event& event : events) {
    if (flows_ && event.kind == EventKind::flow) append_eve(flow_lines_, event, rules, origin_);
    if (events_) append_eve(event_lines_, event, rules, origin_);
  }
  if (flows_) {
    if (auto written = flows_->write(as_bytes(flow_lines_)); !written) return written;
  }
  if (events_) return events_->write(as_bytes(event_lines_));
  return {};
}

Result<void> EventLog::reopen() {
  Result<void> result;
  for (auto* file : {&flows_, &events_}) {
    if (!*file || (*file)->name() == OutputFile::standard_name()) continue;
    auto opened = OutputFile::append((*file)->name());
    if (!opened) {
      result = std::unexpected(opened.error());
      continue;
    }
    std::swap(**file, *opened);
    if (auto closed = opened->close(); !closed) result = closed;
  }
  return result;
}

Result<void> EventLog::close() {
  for (auto* file : {&flows_, &events_}) {
    if (!*file) continue;
    if (auto closed = (*file)->close(); !closed) return closed;
  }
  return {};
}

}  // namespace netscope
