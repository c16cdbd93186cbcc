#include "app/gateway/queue_worker.h"

#include <pthread.h>
#include <sched.h>
#include <algorithm>
#include <ctime>

#include "app/output/files.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;

// How long a thread sleeps when nothing comes: a sign of life, and how soon it sees what it is told.
constexpr auto kLongestWait = 200ms;
constexpr auto kReportEvery = 1s;
// How long the last packets may take when the program ends; then nothing should come any more.
constexpr auto kLastPackets = 2s;

void name_and_pin(unsigned index) {
  ::pthread_setname_np(::pthread_self(), ("nfq-" + std::to_string(index)).c_str());
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  const int count = CPU_COUNT(&allowed);
  int wanted = count > 0 ? static_cast<int>(index) % count : 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

LinkAddress link_address(const nfq::HardwareAddress& sender) {
  LinkAddress address;
  if (sender.size == address.bytes.size()) std::ranges::copy(sender.bytes(), address.bytes.begin());
  return address;
}

WorkerOptions knowing(WorkerOptions options, const LearnedNames& learned) {
  options.learned_names = &learned;
  return options;
}

}  // namespace

QueueWorker::QueueWorker(nfq::Queue queue, std::shared_ptr<const RuleSet> rules, const Options& options,
                         const os::SteadyWallClock& clock, EventWriter& events, NameExchange& names)
    : options_(options),
      clock_(clock),
      events_(events),
      names_(names),
      queue_(std::move(queue)),
      rules_(std::move(rules)),
      learned_(options.worker.seed),
      worker_(rules_, knowing(options.worker, learned_)),
      answers_(options.worker.seed),
      defragmenter_(options.worker.seed),
      packets_(nfq::kMaxBurst),
      verdicts_(nfq::kMaxBurst) {
  prefer_huge_pages(worker_.flow_memory());
}

QueueWorker::~QueueWorker() {
  if (thread_.joinable()) stop();
}

void QueueWorker::start() {
  publish_report();
  thread_ = std::thread([this] { run(); });
}

void QueueWorker::stop() {
  stopping_.store(true, std::memory_order_release);
  queue_.wake();
  thread_.join();
}

void QueueWorker::run() {
  name_and_pin(options_.index);
  Time next_report = clock_.now() + kReportEvery;
  std::optional<Time> end;
  for (;;) {
    const bool stopping = stopping_.load(std::memory_order_acquire);
    const auto burst = queue_.receive(stopping || telling_ || places_to_count_ > 0 ? 0ms : kLongestWait);
    progress_.fetch_add(1, std::memory_order_relaxed);
    if (!burst) {
      fail(to_string(burst.error()));
      break;
    }
    if (newest_rules_.newer_than(rules_seen_)) follow_newest_rules();
    judge(*burst);
    tell_some_flows();
    const Time now = clock_.now();
    if (stopping && !end) end = now + kLastPackets;
    if (stopping && (burst->empty() || now >= *end)) break;
    if (now >= next_report) {
      worker_.forget_silent_flows(now);
      places_to_count_ = kPlacesPerReport;
      next_report = now + kReportEvery;
    }
    if (places_to_count_ > 0) count_some_flows();
  }
  const nfq::Answer last{.ruling = options_.fail_open ? nfq::Ruling::accept : nfq::Ruling::drop};
  if (const auto drained = queue_.drain(last); !drained) fail(to_string(drained.error()));
  worker_.finish();
  hand_over_events();
  publish_report();
}

void QueueWorker::judge(std::span<const nfq::QueuedPacket> burst) {
  // Before the burst, whose packets may follow from what others learned; and when there is none, so that no ring fills
  // up.
  names_.take(options_.index, [this](const NameAnswer& answer) { learned_.add(answer, number_); });
  if (burst.empty()) return;
  const Time arrival = clock_.now();
  datagrams_.clear();
  for (std::size_t i = 0; i < burst.size(); ++i) {
    Headers headers = decode_ip(burst[i].data, options_.tunnels);
    const bool fragment = headers.status == HeaderStatus::ok && headers.fragment.present;
    const PacketKind kind =
        fragment ? reassemble(defragmenter_, headers, arrival, datagrams_.emplace_back()) : kind_of(headers);
    packets_[i] = make_packet(headers);
    packets_[i].kind = kind;
    if (!headers.outer) packets_[i].sender = link_address(burst[i].sender);
    packets_[i].time = arrival;
    packets_[i].number = ++number_;
    packets_[i].size_on_wire = burst[i].size_on_wire;
    packets_[i].way = {.in_interface = burst[i].in_interface, .out_interface = burst[i].out_interface};
  }
  learn_names(std::span(packets_).first(burst.size()));
  worker_.process(std::span(packets_).first(burst.size()), verdicts_);
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const nfq::Answer answer = answer_for(verdicts_[i], packets_[i]);
    queue_.answer(i, answer);
    answered_to_stop_ += is_to_be_stopped(answer);
  }
  if (const auto sent = queue_.send(); !sent) fail(to_string(sent.error()));
  latency_.add(clock_.now() - arrival, burst.size());
  hand_over_events();
}

// The others are told before the answer goes on to the client.
void QueueWorker::learn_names(std::span<const Packet> packets) {
  for (const Packet& packet : packets) {
    if (!AnswerWatch::concerns(packet)) continue;
    const auto answer = answers_.see(packet);
    if (!answer) continue;
    learned_.add(*answer, packet.number);
    names_.tell(options_.index, *answer);
  }
}

bool QueueWorker::is_to_be_stopped(const nfq::Answer& answer) const {
  const Marks& marks = options_.marks;
  return answer.mark == marks.drop_flow() || answer.mark == marks.reject_flow() || answer.mark == marks.reject_packet();
}

// A drop for the whole flow is carried out by the kernel's rules, which remember it: the packet goes on to them with
// the mark. So does every reject, since only they can answer with a reset.
nfq::Answer QueueWorker::answer_for(const Verdict& verdict, const Packet& packet) const {
  const Marks& marks = options_.marks;
  const bool remember = verdict.for_flow && options_.offload != Offload::off;
  const auto with = [&](std::uint32_t mark) {
    return nfq::Answer{
        .ruling = options_.repeat ? nfq::Ruling::repeat : nfq::Ruling::accept, .mark = mark, .mark_mask = marks.mask};
  };
  const bool shown = show_to_neighbours_.load(std::memory_order_relaxed) || (packet.tcp_flags & tcp_flag::syn) != 0;
  const nfq::Answer pass = options_.repeat && shown ? with(marks.pass()) : nfq::Answer{};
  switch (verdict.action) {
    case Action::accept:
      if (remember) return with(marks.accept_flow());
      return verdict.anew && options_.offload != Offload::off ? with(marks.forget_flow()) : pass;
    case Action::drop: return remember ? with(marks.drop_flow()) : nfq::Answer{.ruling = nfq::Ruling::drop};
    case Action::reject:
      if (verdict.client_would_not_hear) return pass;
      return with(remember ? marks.reject_flow() : marks.reject_packet());
  }
  return {};
}

void QueueWorker::put_in_force(std::shared_ptr<const RuleSet> rules) {
  newest_rules_.publish(std::move(rules));
  queue_.wake();
}

bool QueueWorker::follows_newest_rules() const {
  return !newest_rules_.newer_than(rules_followed_.load(std::memory_order_acquire));
}

void QueueWorker::follow_newest_rules() {
  hand_over_events();
  rules_ = newest_rules_.take(rules_seen_);
  worker_.swap_rules(rules_);
  hand_over_events();
  publish_report();
  rules_followed_.store(rules_seen_, std::memory_order_release);
}

void QueueWorker::hand_over_events() {
  std::vector<Event> events = worker_.take_events();
  if (events.empty()) return;
  events_.offer({.rules = rules_, .correction = clock_.correction(), .events = std::move(events)});
}

void QueueWorker::ask_for_flows(Time since) {
  wishes_.fetch_add(1, std::memory_order_relaxed);
  wish_.publish(std::make_shared<const Time>(since));
  queue_.wake();
}

std::shared_ptr<const FlowListing> QueueWorker::listing() const {
  if (wishes_fulfilled_.load(std::memory_order_acquire) != wishes_.load(std::memory_order_relaxed)) return nullptr;
  std::uint64_t seen = 0;
  return listing_.take(seen);
}

// A walk over the whole table would hold up the queue: the table is walked in stretches, one between two bursts. Rules
// that come into force meanwhile begin it again, since a listing speaks of one set of rules.
void QueueWorker::tell_some_flows() {
  if (wish_.newer_than(wish_seen_)) telling_ = Telling{.since = *wish_.take(wish_seen_)};
  if (!telling_) return;
  if (telling_->listing.rules != rules_) {
    telling_->place = 0;
    telling_->listing = {.rules = rules_, .flows = {}};
  }
  telling_->place = worker_.tell_flows(telling_->place, kPlacesPerBurst, telling_->since, telling_->listing.flows);
  if (telling_->place != 0) return;
  listing_.publish(std::make_shared<const FlowListing>(std::move(telling_->listing)));
  telling_.reset();
  wishes_fulfilled_.store(wish_seen_, std::memory_order_release);
}

// What is open counts in a report, too. A table is walked as the flows are told: in stretches, between bursts.
void QueueWorker::count_some_flows() {
  const std::uint32_t count = std::min(places_to_count_, kPlacesPerBurst);
  place_to_count_ = worker_.count_open_flows(place_to_count_, count);
  places_to_count_ = place_to_count_ == 0 ? 0 : places_to_count_ - count;
  if (places_to_count_ == 0) publish_report();
}

void QueueWorker::publish_report() {
  const auto log_hits = worker_.log_hits();
  report_.publish(std::make_shared<const WorkerReport>(WorkerReport{.statistics = worker_.statistics(),
                                                                    .log_hits = {log_hits.begin(), log_hits.end()},
                                                                    .flows = worker_.flow_count(),
                                                                    .latency = latency_,
                                                                    .socket = queue_.counters(),
                                                                    .answered_to_stop = answered_to_stop_}));
}

std::shared_ptr<const WorkerReport> QueueWorker::report() const {
  std::uint64_t seen = 0;
  return report_.take(seen);
}

void QueueWorker::fail(std::string what) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(what);
}

std::optional<std::string> QueueWorker::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace netscope
