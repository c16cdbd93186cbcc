// One thread reads and writes: it takes records off the input and makes packets of them, and sends the accepted
// stretches of a chunk out once others have judged it. A few chunks are under way at once, so that all have work. Where
// the threads meet there is one lock, taken a few times a chunk.

#include "app/offline/offline.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/offline/bpf_filter.h"
#include "app/offline/progress.h"
#include "app/offline/progression.h"
#include "app/output/event_log.h"
#include "app/output/files.h"
#include "linux/os/random.h"
#include "netscope/capture/chunk.h"
#include "netscope/capture/packet_decoder.h"
#include "netscope/engine/worker.h"

namespace netscope {
namespace {

// Fills a buffer up behind what it holds. True when the input has ended.
Result<bool> fill_up(InputFile& input, std::span<std::uint8_t> buffer, std::size_t& held) {
  const auto count = input.read(buffer.subspan(held));
  if (!count) return std::unexpected(count.error());
  held += *count;
  return held < buffer.size();
}

// Reads a file once more, to learn what its headers say of the whole. As far as it can be read.
CaptureParser look_through(const std::string& name) {
  CaptureParser parser;
  auto input = InputFile::open(name);
  std::vector<std::uint8_t> buffer(kChunkBytes);
  std::size_t held = 0;
  Record record;
  while (input) {
    const auto ended = fill_up(*input, buffer, held);
    std::size_t used = 0;
    ParseStatus status = ParseStatus::ok;
    while ((status = parser.next(Bytes{buffer}.first(held).subspan(used), record)) == ParseStatus::ok) {
      used += record.raw_size;
    }
    if (!ended || *ended || status == ParseStatus::malformed) break;
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used), buffer.begin() + static_cast<std::ptrdiff_t>(held),
              buffer.begin());
    held -= used;
    if (used == 0) buffer.resize(buffer.size() * 2);  // one record is larger than the buffer
  }
  return parser;
}

// What a share's worker leaves behind.
struct Judged {
  Statistics statistics;
  std::vector<std::uint64_t> log_hits;  // by RuleIndex
  std::vector<Event> last_events;       // of the flows that the end of the input ended
};

// Everything a run owns. The threads share the chunks by turns, as Progression says; all else belongs to one of them.
class Pipeline {
 public:
  Pipeline(const CommandLine& options, std::shared_ptr<const RuleSet> rules, InputFile input);

  Result<void> open_outputs();
  OfflineRun run();

 private:
  Result<void> read_and_write();
  bool fill(Chunk& chunk, std::uint64_t index);
  void take_over(Chunk& chunk, std::uint64_t index);
  bool read_on(Chunk& chunk);
  void leave_out_unwanted(Chunk& chunk);
  Result<void> begin_output();
  std::vector<Worker> workers_of(std::size_t thread, const LearnedNames& learned) const;
  void judge_all(std::size_t thread);
  Result<void> write_next(std::uint64_t index);
  Result<void> log_events(std::span<Share> shares);
  void finish();
  void problem(std::string text);

  const CommandLine& options_;
  std::shared_ptr<const RuleSet> rules_;
  std::size_t threads_;
  std::array<Chunk, kChunks> chunks_;
  Progression progression_;
  OfflineRun run_;

  // What reading takes.
  InputFile input_;
  CaptureParser parser_;
  PacketDecoder decoder_;
  std::optional<BpfFilter> filter_;
  Progress progress_;
  bool input_ended_ = false;

  // The judging threads'; thread i has the shares i, i + threads, ...
  std::uint64_t seed_;
  std::array<Judged, kShares> judged_;

  // What writing takes.
  std::optional<OutputFile> output_;
  OutputFormat format_ = OutputFormat::as_read;
  bool nanoseconds_ = false;
  EventLog events_;
  std::vector<std::uint8_t> built_;
  std::vector<Bytes> stretches_;
};

Recording recording_of(const CommandLine& options) {
  return {.flows = !options.flows.empty() || !options.events.empty(),
          .messages = !options.events.empty(),
          .tables = options.text_report || !options.stats_json.empty()};
}

// Names from DNS are learned where some rule or report asks for them.
PacketDecoder::Answers wanted_answers(const CommandLine& options, const RuleSet& rules) {
  const bool wanted = rules.asks_for_dns_names() || recording_of(options).names();
  return wanted ? PacketDecoder::Answers::watched : PacketDecoder::Answers::ignored;
}

unsigned thread_count(unsigned asked) {
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  return std::min<unsigned>(asked != 0 ? asked : processors, kShares);
}

Pipeline::Pipeline(const CommandLine& options, std::shared_ptr<const RuleSet> rules, InputFile input)
    : options_(options),
      rules_(std::move(rules)),
      threads_(thread_count(options.workers)),
      progression_(threads_),
      input_(std::move(input)),
      decoder_(options.tunnels ? Tunnels::look_through : Tunnels::opaque, wanted_answers(options, *rules_)),
      progress_(input_.size()),
      seed_(os::random_seed()),
      events_(EventOrigin::capture) {}

void Pipeline::problem(std::string text) {
  run_.problems.push_back(std::move(text));
}

Result<void> Pipeline::open_outputs() {
  if (!options_.filter.empty()) {
    auto filter = BpfFilter::compile(options_.filter);
    if (!filter) return std::unexpected(filter.error());
    filter_ = std::move(*filter);
  }
  if (auto opened = events_.open(options_.flows, options_.events, &input_); !opened) return opened;
  return {};
}

// --- reading

// Which output the input asks for. A pcapng of one link type becomes a pcap; of several it stays what it is. Whether
// there are several is known only after the last interface, so a file is looked through first; a pipe stays pcapng.
Result<void> Pipeline::begin_output() {
  run_.input_format = parser_.format();
  if (options_.capture_out.empty() || chunks_[0].records.empty()) return {};
  auto output = OutputFile::create(options_.capture_out, &input_);
  if (!output) return std::unexpected(output.error());
  output_ = std::move(*output);
  run_.output_name = output_->name();
  if (parser_.format() != CaptureFormat::pcapng || !input_.regular()) return {};
  const CaptureParser seen = look_through(options_.capture_in == "-" ? "/dev/stdin" : options_.capture_in);
  if (seen.link_types().size() != 1) return {};
  format_ = OutputFormat::pcap_records;
  nanoseconds_ = seen.nanoseconds();
  return output_->write(pcap_file_header(seen.link_types()[0], std::max(seen.snap_length(), 1u), nanoseconds_));
}

// Takes the next records of the input, and makes packets of them. False at its end.
bool Pipeline::fill(Chunk& chunk, std::uint64_t index) {
  chunk.clear();
  take_over(chunk, index);
  for (;;) {
    const bool ended = read_on(chunk);
    const ParseStatus status = take_records(parser_, chunk);
    leave_out_unwanted(chunk);
    decoder_.decode(chunk);
    if (status == ParseStatus::malformed) {
      problem(input_.name() + ": " + parser_.what_broke());
      return false;
    }
    run_.bytes_read = parser_.offset();
    if (status == ParseStatus::ok) return true;
    if (ended) break;
    if (chunk.bytes.size() < chunk.buffer.size()) continue;
    if (chunk.used > 0) return true;
    chunk.buffer.resize(chunk.buffer.size() * 2);  // one record is larger than the chunk
  }
  const std::size_t left = chunk.bytes.size() - chunk.used;
  run_.bytes_read += left;
  if (const std::string missing = parser_.what_is_missing(left); !missing.empty()) {
    problem(input_.name() + ": " + missing);
  }
  return false;
}

// What the chunk before left over comes first.
void Pipeline::take_over(Chunk& chunk, std::uint64_t index) {
  Bytes left;
  if (index > 0) {
    const Chunk& before = chunks_[(index - 1) % kChunks];
    left = before.bytes.subspan(before.used);
  }
  const std::size_t size = std::max(kChunkBytes, left.size());
  if (chunk.buffer.size() < size) chunk.buffer.resize(size);
  std::copy(left.begin(), left.end(), chunk.buffer.begin());
  chunk.bytes = Bytes{chunk.buffer}.first(left.size());
}

// Reads the next piece into the buffer. True when the input has ended.
bool Pipeline::read_on(Chunk& chunk) {
  std::size_t held = chunk.bytes.size();
  const std::size_t room = std::min(chunk.buffer.size(), held + kPieceBytes);
  if (!input_ended_ && held < room) {
    const auto ended = fill_up(input_, std::span(chunk.buffer).first(room), held);
    if (!ended) problem(to_string(ended.error()));
    input_ended_ = ended.value_or(true);
  }
  chunk.bytes = Bytes{chunk.buffer}.first(held);
  return input_ended_;
}

void Pipeline::leave_out_unwanted(Chunk& chunk) {
  if (!filter_) return;
  for (RecordPlace& place : std::span(chunk.records).subspan(chunk.decoded)) {
    if (place.kind != Record::Kind::packet) continue;
    const Bytes data = chunk.bytes.subspan(place.data_begin, place.data_size);
    place.wanted = filter_->matches(data, place.size_on_wire, place.link);
    if (!place.wanted) ++run_.left_out;
  }
}

// --- judging

std::vector<Worker> Pipeline::workers_of(std::size_t thread, const LearnedNames& learned) const {
  std::vector<Worker> workers;
  for (std::size_t share = thread; share < kShares; share += threads_) {
    workers.emplace_back(rules_,
                         WorkerOptions{.flow_capacity = static_cast<std::uint32_t>(options_.max_flows / kShares),
                                       .seed = seed_ + share,
                                       .recording = recording_of(options_),
                                       .learned_names = &learned});
    prefer_huge_pages(workers.back().flow_memory());
  }
  return workers;
}

// The workers come and go with their thread, so that what it costs to make them, to end their flows and to give their
// memory back is shared among the threads too.
void Pipeline::judge_all(std::size_t thread) {
  LearnedNames learned(seed_);  // takes all answers of a chunk before its shares are judged
  std::vector<Worker> workers = workers_of(thread, learned);
  for (std::uint64_t index = 0; progression_.wait_to_judge(index); ++index) {
    Chunk& chunk = chunks_[index % kChunks];
    for (const auto& [answer, number] : chunk.learned) learned.add(answer, number);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      Share& share = chunk.shares[thread + i * threads_];
      workers[i].process(share.packets, share.verdicts);
      workers[i].take_events(share.events);
    }
    progression_.has_judged(thread);
  }
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i].finish();
    const auto hits = workers[i].log_hits();
    judged_[thread + i * threads_] = {.statistics = workers[i].statistics(),
                                      .log_hits = {hits.begin(), hits.end()},
                                      .last_events = workers[i].take_events()};
  }
}

// --- writing

Result<void> Pipeline::log_events(std::span<Share> shares) {
  if (!events_.wanted()) return {};
  std::vector<Event> all;
  for (Share& share : shares) {
    all.insert(all.end(), std::make_move_iterator(share.events.begin()), std::make_move_iterator(share.events.end()));
  }
  std::stable_sort(all.begin(), all.end(), [](const Event& a, const Event& b) { return a.number < b.number; });
  return events_.write(all, *rules_);
}

Result<void> Pipeline::write_next(std::uint64_t index) {
  progression_.wait_to_write(index);
  Chunk& chunk = chunks_[index % kChunks];
  run_.records_written += plan_output(chunk, format_, nanoseconds_, built_, stretches_);
  if (auto logged = log_events(chunk.shares); !logged) return logged;
  return output_ ? output_->write(stretches_) : Result<void>{};
}

// --- the whole

// A chunk is written when its memory is wanted again.
Result<void> Pipeline::read_and_write() {
  std::uint64_t read = 0, written = 0;
  for (bool more = true; more; ++read) {
    if (read == written + kChunks) {
      if (auto done = write_next(written++); !done) return done;
    }
    more = fill(chunks_[read % kChunks], read);
    if (read == 0) {
      if (auto begun = begin_output(); !begun) return begun;
    }
    progression_.has_read();
    run_.records_read = decoder_.packets();
    progress_.show(run_.bytes_read, run_.records_read);
  }
  while (written < read) {
    if (auto done = write_next(written++); !done) return done;
  }
  return {};
}

void Pipeline::finish() {
  std::array<Share, kShares> last;
  run_.statistics = Statistics(rules_->rules().size(), rules_->catalogue().apps().size());
  run_.log_hits.assign(rules_->rules().size(), 0);
  for (std::size_t share = 0; share < kShares; ++share) {
    Judged& judged = judged_[share];
    run_.statistics.merge(judged.statistics);
    for (std::size_t i = 0; i < run_.log_hits.size(); ++i) run_.log_hits[i] += judged.log_hits[i];
    last[share].events = std::move(judged.last_events);
  }
  if (auto logged = log_events(last); !logged) problem(to_string(logged.error()));
  if (auto closed = events_.close(); !closed) problem(to_string(closed.error()));
  if (output_) {
    run_.bytes_written = output_->written();
    if (auto closed = output_->close(); !closed) problem(to_string(closed.error()));
  }
  const CaptureFlaws& flaws = parser_.flaws();
  if (flaws.snap_length_zero) {
    problem(input_.name() +
            ": at byte 16: the file header declares a snap length of 0; all records were processed, but "
            "other programs may refuse the file: rewrite it with editcap or tcpdump -w");
  }
  if (flaws.larger_than_snap_length > 0) {
    problem(input_.name() + ": at byte " + std::to_string(flaws.first_larger_offset) + ": " +
            std::to_string(flaws.larger_than_snap_length) + " records are larger than the declared snap length of " +
            std::to_string(parser_.snap_length()) + "; they were processed, but other programs may cut them");
  }
}

OfflineRun Pipeline::run() {
  const auto begin = std::chrono::steady_clock::now();
  run_.input_name = input_.name();
  {
    std::vector<std::jthread> threads;
    threads.reserve(threads_);
    for (std::size_t i = 0; i < threads_; ++i) threads.emplace_back([this, i] { judge_all(i); });
    if (const auto done = read_and_write(); !done) problem(to_string(done.error()));
    progression_.end();
  }
  progress_.clear();
  finish();
  run_.link_types = parser_.link_types();
  run_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return std::move(run_);
}

}  // namespace

Result<OfflineRun> run_offline(const CommandLine& options, std::shared_ptr<const RuleSet> rules) {
  auto input = InputFile::open(options.capture_in);
  if (!input) return std::unexpected(input.error());
  Pipeline pipeline(options, std::move(rules), std::move(*input));
  if (auto opened = pipeline.open_outputs(); !opened) return std::unexpected(opened.error());
  return pipeline.run();
}

}  // namespace netscope
