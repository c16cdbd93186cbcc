#include "netscope/view/analysis.h"

#include <algorithm>

namespace netscope {

Analysis::Analysis(std::shared_ptr<const RuleSet> rules, Tunnels tunnels)
    : rules_(std::move(rules)), decoder_(tunnels, PacketDecoder::Answers::watched) {
  workers_.reserve(kShares);
  for (std::size_t share = 0; share < kShares; ++share) {
    workers_.emplace_back(rules_,
                          WorkerOptions{.flow_capacity = kMaxFlows / kShares,
                                        .seed = share,  // nobody aims at the table of a page that he does not see
                                        .recording = {.flows = true, .messages = true, .tables = true, .packets = true},
                                        .learned_names = &learned_});
  }
}

std::span<std::uint8_t> Analysis::room() {
  if (chunk_.buffer.size() == held_) chunk_.buffer.resize(std::max(kChunkBytes, held_ * 2));
  return std::span(chunk_.buffer).subspan(held_);
}

Result<void> Analysis::take(std::size_t size) {
  if (broken_) return {};
  held_ += size;
  return held_ == chunk_.buffer.size() ? take_what_is_whole() : Result<void>{};
}

Result<void> Analysis::feed(Bytes bytes) {
  while (!bytes.empty() && !broken_) {
    const std::span<std::uint8_t> free = room();
    const std::size_t size = std::min(bytes.size(), free.size());
    std::copy_n(bytes.begin(), size, free.begin());
    bytes = bytes.subspan(size);
    if (auto taken = take(size); !taken) return taken;
  }
  return {};
}

// Judges the whole records of the buffer, and moves what is left to its front.
Result<void> Analysis::take_what_is_whole() {
  for (;;) {
    chunk_.clear();
    chunk_.bytes = Bytes{chunk_.buffer}.first(held_);
    const ParseStatus status = take_records(parser_, chunk_);
    judge();
    std::copy(chunk_.buffer.begin() + static_cast<std::ptrdiff_t>(chunk_.used),
              chunk_.buffer.begin() + static_cast<std::ptrdiff_t>(held_), chunk_.buffer.begin());
    held_ -= chunk_.used;
    chunk_offset_ += chunk_.used;
    if (status == ParseStatus::ok) continue;  // as many records as a chunk takes; there may be more
    if (status != ParseStatus::malformed) return {};
    broken_ = true;
    return failure(parser_.what_broke());
  }
}

Result<void> Analysis::end_capture() {
  Result<void> result;
  if (!broken_) result = take_what_is_whole();
  if (result && !broken_) {
    if (const std::string missing = parser_.what_is_missing(held_); !missing.empty()) result = failure(missing);
  }
  parser_ = CaptureParser{};
  held_ = 0;
  chunk_offset_ = 0;
  broken_ = false;
  ++file_;
  return result;
}

void Analysis::finish() {
  for (Worker& worker : workers_) {
    worker.finish();
    collect_events(worker);
  }
  rows_.sort_messages();
}

void Analysis::judge() {
  decoder_.decode(chunk_);
  place_packets();
  for (const auto& [answer, number] : chunk_.learned) learned_.add(answer, number);
  for (std::size_t share = 0; share < kShares; ++share) {
    workers_[share].process(chunk_.shares[share].packets, chunk_.shares[share].verdicts);
    add_rows(share);
    collect_events(workers_[share]);
  }
}

// What the records alone tell, in their order.
void Analysis::place_packets() {
  std::uint64_t packets = 0;
  for (const RecordPlace& place : chunk_.records) packets += place.kind == Record::Kind::packet ? 1 : 0;
  rows_.grow_to(number_ + packets);
  for (const RecordPlace& place : chunk_.records) {
    if (place.kind != Record::Kind::packet) {
      rows_.add_header({chunk_offset_ + place.begin, place.raw_size, file_});
      continue;
    }
    PacketRow& row = rows_.packet(++number_);
    row.time = place.time;
    row.offset = chunk_offset_ + place.data_begin;
    row.captured = place.data_size;
    row.record_size = place.raw_size;
    row.lead = place.data_begin - place.begin;
    row.size_on_wire = place.size_on_wire;
    row.file = file_;
  }
}

void Analysis::add_rows(std::size_t share) {
  const Share& judged = chunk_.shares[share];
  const auto traces = workers_[share].traces();
  for (std::size_t i = 0; i < judged.packets.size(); ++i) {
    const Packet& packet = judged.packets[i];
    PacketRow& row = rows_.packet(packet.number);
    row.action = judged.verdicts[i].action;
    row.kind = packet.kind;
    row.direction = packet.direction;
    row.version = packet.key.version;
    row.ip_protocol = packet.key.ip_protocol;
    row.tcp_flags = packet.tcp_flags;
    row.payload = static_cast<std::uint32_t>(packet.payload.size());
    row.rule = traces[i].rule;
    row.decided = traces[i].decided;
    if (traces[i].flow == packet.number) {
      row.flow = rows_.open_flow(packet);
    } else if (traces[i].flow != 0) {
      row.flow = rows_.opened_by(traces[i].flow);
    }
  }
}

void Analysis::collect_events(Worker& worker) {
  worker.take_events(events_);
  for (const Event& event : events_) {
    if (event.kind == EventKind::flow) {
      fill(rows_.flow(rows_.opened_by(event.number)), event, *rules_, rows_.texts());
    } else if (event.kind != EventKind::drop) {
      rows_.add_message(event.number, message_text(event));
    }
  }
}

RunTotals Analysis::totals() const {
  RunTotals totals;
  totals.statistics = Statistics(rules_->rules().size(), rules_->catalogue().apps().size());
  totals.log_hits.assign(rules_->rules().size(), 0);
  for (const Worker& worker : workers_) {
    totals.statistics.merge(worker.statistics());
    const auto hits = worker.log_hits();
    for (std::size_t i = 0; i < hits.size(); ++i) totals.log_hits[i] += hits[i];
  }
  return totals;
}

}  // namespace netscope
