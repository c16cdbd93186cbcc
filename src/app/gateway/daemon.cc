// The order of things is what keeps the network alive. At the start: queues first, then the rules that fill them, and
// everything that needs root before it is given up. At the stop: the rules go first, then what waits is answered.

#include "app/gateway/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "app/gateway/gateway.h"
#include "app/gateway/single_instance.h"
#include "app/version.h"
#include "linux/os/clocks.h"
#include "linux/os/random.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kTick = 1s;
constexpr unsigned kTicksBetweenListings = 3;
constexpr auto kPatienceForNewRules = 10s;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

void Daemon::problem(const std::string& text) {
  console_.log(LogLevel::error, text);
  run_.failed = true;
}

// --- start

Result<void> Daemon::set_up() {
  if (!may_administer_network()) {
    return std::unexpected(
        Error{"filtering a gateway needs CAP_NET_ADMIN: run as root (sudo), or by the systemd unit"});
  }
  const auto user = find_user(settings_.user);
  if (!user) return std::unexpected(user.error());
  const bool fail_open = policy_.rules->policy().overload == Action::accept;
  if (auto prepared = table_.prepare(settings_, queues_, fail_open); !prepared) return prepared;
  // After the table's process was forked, which may outlive this one for a moment.
  if (table_.choice().backend != Backend::none) {
    auto place = claim_single_instance();
    if (!place) return std::unexpected(place.error());
    single_instance_ = std::move(*place);
  }
  run_.host = host_name();
  prepare_state(*user);
  open_control(*user);
  if (auto started = start_dashboard(*user); !started) return started;
  if (auto opened = open_queues(); !opened) return opened;
  if (auto opened = output_.open(); !opened) return opened;
  // The verdicts of a run before are forgotten: whatever it left is judged anew, by these rules.
  if (auto cleared = table_.clear_marks(); !cleared) console_.log(LogLevel::warning, to_string(cleared.error()));
  if (auto installed = table_.install(); !installed) return installed;
  if (auto dropped = drop_privileges(*user); !dropped) {
    if (auto removed = table_.remove(); !removed) console_.log(LogLevel::error, to_string(removed.error()));
    return dropped;
  }
  open_history();
  for (const std::string& line : table_.choice().reasons) console_.log(LogLevel::info, line);
  for (const Obstacle& obstacle : obstacles(settings_, look_around())) {
    if (obstacle.weight != Obstacle::Weight::hint) console_.log(LogLevel::warning, to_string(obstacle));
  }
  if (!options_.rules_file.empty() && ::access(options_.rules_file.c_str(), R_OK) != 0) {
    console_.log(LogLevel::warning, options_.rules_file + ": the user \"" + user->name +
                                        "\" cannot read this file, so that a reload (SIGHUP) will fail; mend it with: "
                                        "chmod o+r " +
                                        options_.rules_file);
  }
  return {};
}

Result<void> Daemon::open_queues() {
  const bool fail_open = policy_.rules->policy().overload == Action::accept;
  const std::uint64_t seed = os::random_seed();
  const auto count = static_cast<std::uint32_t>(queues_.count());
  names_.emplace(count);
  for (std::uint32_t index = 0; index < count; ++index) {
    auto queue =
        nfq::Queue::open({.number = static_cast<std::uint16_t>(queues_.first + index), .fail_open = fail_open});
    if (!queue) return std::unexpected(queue.error());
    const nfq::QueueFeatures& features = queue->features();
    fails_open_ = features.fail_open;
    if (index == 0 && !features.gso) {
      console_.log(LogLevel::warning, "this kernel splits large packets before it queues them: expect less throughput");
    }
    if (index == 0 && fail_open && !features.fail_open) {
      console_.log(LogLevel::warning,
                   "this kernel drops what finds a queue full, although policy.overload is \"accept\"");
    }
    const QueueWorker::Options options{
        .worker = {.flow_capacity = std::max(options_.max_flows / count, 1024u),
                   .seed = seed + index,
                   .flow_id_base = index,
                   .recording = {.flows = !options_.events.empty() || !options_.flows.empty() || control_,
                                 .messages = !options_.events.empty() || control_,
                                 .tables = true,
                                 .open_flows = true}},
        .marks = settings_.marks,
        .offload = table_.choice().offload,
        .repeat = table_.choice().backend == Backend::iptables,
        .fail_open = fail_open,
        .index = index};
    workers_.push_back(
        std::make_unique<QueueWorker>(std::move(*queue), policy_.rules, options, clock_, output_.events(), *names_));
  }
  progress_.resize(count);
  auto counters = nfq::QueueCountersFile::open();
  if (counters) {
    counters_ = std::move(*counters);
  } else {
    console_.log(LogLevel::warning, to_string(counters.error()) + "; what the kernel drops will not be shown");
  }
  return {};
}

// --- the run

StatsSource Daemon::source() const {
  return {.kind = "live", .name = run_.place, .host = run_.host, .version = version(), .timestamp = os::wall_clock()};
}

std::string Daemon::place() const {
  const netfilter::Choice& choice = table_.choice();
  std::string out(to_string(choice.backend));
  for (const Hook hook : settings_.hooks) out += ", " + std::string(to_string(hook));
  return out + ", " + (queues_.count() == 1 ? "queue " : "queues ") + to_string(queues_) + " by " +
         std::string(to_string(choice.fanout)) + ", offload " + std::string(to_string(choice.offload));
}

GatewayRun Daemon::run() {
  run_.place = place();
  if (control_) output_.events().remember_recent();
  output_.events().start();
  for (const auto& worker : workers_) worker->start();
  totals_ = totals(kernel_.latency);  // who asks before the first tick gets an answer, too
  const std::string status = "filtering: " + run_.place;
  console_.log(LogLevel::info, status);
  notify_ready(status);
  work();
  stop();
  return std::move(run_);
}

void Daemon::work() {
  SteadyTime next_tick = std::chrono::steady_clock::now() + kTick;
  while (!stopping_) {
    auto until = next_tick - std::chrono::steady_clock::now();
    if (watchdog_) until = std::min<std::chrono::steady_clock::duration>(until, *watchdog_ / 2);
    const auto request =
        signals_.wait(std::chrono::ceil<std::chrono::milliseconds>(until), control_ ? control_->file() : -1);
    serve_control();
    if (request == Request::stop) return;
    if (request == Request::reload) static_cast<void>(reload());
    if (request == Request::rotate) output_.events().reopen();
    watch_workers();
    if (const SteadyTime now = std::chrono::steady_clock::now(); now >= next_tick) {
      tick();
      next_tick = std::max(next_tick + kTick, now);
    }
  }
}

RunTotals Daemon::totals(LatencyHistogram& latency) {
  RunTotals sum = add_up(workers_, *policy_.rules, latency);
  sum.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  return sum;
}

void Daemon::tick() {
  KernelView kernel = kernel_view(ticks_++ % kTicksBetweenListings == 0 ? Passed::read_anew : Passed::as_known);
  totals_ = totals(kernel.latency);
  kernel.events_dropped = output_.events().dropped();
  kernel.names_dropped = names_->lost();
  kernel_ = std::move(kernel);
  output_.warn_of_lost_events();
  output_.write_statistics(source(), totals_, kernel_, *policy_.rules);
  output_.show_status(totals_, kernel_);
  output_.warn_of_losses(losses_);
  output_.warn_of_blocks_in_vain(carried_out_);
  watch_silence();
  one_direction_.see(totals_.statistics.tcp.packets, totals_.statistics.one_sided, std::chrono::steady_clock::now());
  output_.warn_of_one_direction(one_direction_);
  expire_manual_rules();
  write_history();
}

void Daemon::watch_silence() {
  const std::uint64_t packets = totals_.statistics.all.packets + kernel_.passed.packets + kernel_.dropped.packets +
                                kernel_.rejected.packets + kernel_.unjudged + losses_.dropped();
  if (!silence_.is_long(packets, std::chrono::steady_clock::now())) return;
  const auto line = silence_.explain(obstacles(settings_, look_around()), settings_, queues_);
  if (line) console_.log(line->level, line->text);
}

// A worker that stands still is a failure of the whole: the service manager, which is told that we live only while all
// workers do, ends the program and starts it again.
void Daemon::watch_workers() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& worker : workers_) {
    if (const auto failure = worker->failure(); failure && !stopping_) {
      problem("queue " + std::to_string(worker->queue_number()) + ": " + *failure);
      stopping_ = true;
    }
  }
  if (!watchdog_ || now - watched_ < *watchdog_) return;
  watched_ = now;
  bool all_alive = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const std::uint64_t progress = workers_[i]->progress();
    all_alive = all_alive && progress != progress_[i];
    progress_[i] = progress;
  }
  if (all_alive) notify_alive();
}

// The table before the queues: see QueueLosses.
KernelView Daemon::kernel_view(Passed how) {
  KernelView view;
  if (how == Passed::read_anew) read_table();
  table_.fill(view);
  view.not_stopped = carried_out_.missing();
  if (counters_) read_queues(how, view);
  return view;
}

// The workers before the table: see CarriedOut.
void Daemon::read_table() {
  CarriedOut::Reading reading;
  for (const auto& worker : workers_) {
    const auto report = worker->report();
    reading.answered += report->answered_to_stop;
    reading.refused += report->socket.refused_verdicts;
  }
  const auto if_gone = stopping_ ? KernelTable::IfGone::leave : KernelTable::IfGone::put_back;
  if (const auto read = table_.read_counters(if_gone); !read) problem(to_string(read.error()));
  for (const auto& worker : workers_) worker->show_to_neighbours(table_.has_neighbours());
  const auto stops = table_.stops();
  if (!stops) return;
  reading.rejected = stops->rejected;
  reading.stopped = stops->stopped;
  reading.table = stops->table;
  carried_out_.see(reading, std::chrono::steady_clock::now());
}

void Daemon::read_queues(Passed how, KernelView& view) {
  auto queues = counters_->read();
  if (!queues) return;
  std::erase_if(*queues, [this](const nfq::QueueCounters& queue) {
    return queue.number < queues_.first || queue.number > queues_.last;
  });
  for (const nfq::QueueCounters& queue : *queues) {
    view.queues.push_back({.number = queue.number,
                           .depth = queue.depth,
                           .queue_dropped = queue.full_drops,
                           .user_dropped = queue.socket_drops});
  }
  std::uint64_t missed = 0;
  for (const auto& worker : workers_) missed += worker->report()->socket.missed;
  losses_.see({.queues = *queues,
               .sent = how == Passed::read_anew ? table_.sent() : std::nullopt,
               .missed = fails_open_ ? missed : 0,
               .max_length = nfq::kQueueLength},
              std::chrono::steady_clock::now());
  view.unjudged = losses_.passed();
}

// --- reload

RulesInForce Daemon::reload() {
  notify_reloading();
  auto loaded = load_policy(options_, policy_.catalogue, by_hand_.rules(*policy_.catalogue));
  reload_failed_ = !loaded;
  if (!loaded) {
    for (const Error& error : loaded.error()) console_.log(LogLevel::error, to_string(error));
    console_.log(LogLevel::error, "the rules were not reloaded; those of before stay in force");
    notify_ready("the last reload failed; the rules of before are in force");
    return std::unexpected(loaded.error());
  }
  const Policy& now = loaded->rules->policy();
  const Policy& before = policy_.rules->policy();
  if (now.live != before.live || now.overload != before.overload) {
    console_.log(LogLevel::warning, "changes of [live] and policy.overload take effect at the next start");
  }
  put_in_force(std::move(*loaded));
  ++run_.reloads;
  const std::string status = std::to_string(policy_.rules->rules().size()) + " rules in force";
  console_.log(LogLevel::info, "reloaded: " + status);
  notify_ready(status);
  return policy_.rules->rules().size();
}

// Workers first, then the marks: see wait_for_new_rules.
void Daemon::put_in_force(LoadedPolicy loaded) {
  policy_ = std::move(loaded);
  by_hand_.are_in_force(*policy_.catalogue);
  for (const auto& worker : workers_) worker->put_in_force(policy_.rules);
  wait_for_new_rules();
  recall_flows();
  rules_since_ = clock_.now();
  kernel_.latency = {};
  totals_ = totals(kernel_.latency);
}

// The marks must not be cleared before: a worker with the old rules would set them again.
void Daemon::wait_for_new_rules() {
  const SteadyTime end = std::chrono::steady_clock::now() + kPatienceForNewRules;
  for (const auto& worker : workers_) {
    while (!worker->follows_newest_rules() && !worker->failure() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
  }
}

// All judged flows come back to the queues, to be judged by the new rules. The marks go first: a flow that still bore
// one would enter the new flow table with its next packet, where nobody asks for marks.
void Daemon::recall_flows() {
  if (table_.choice().offload == Offload::off) return;
  if (const auto cleared = table_.clear_marks(); !cleared) {
    console_.log(LogLevel::warning, to_string(cleared.error()) + "; flows that the kernel carries keep their verdict");
  }
  if (const auto emptied = table_.empty_flow_table(); !emptied) problem(to_string(emptied.error()));
}

// --- stop

void Daemon::stop() {
  notify_stopping();
  console_.clear();
  if (control_) control_->remove();
  run_.kernel = kernel_view(Passed::read_anew);
  if (const auto removed = table_.remove(); !removed) problem(to_string(removed.error()));
  for (const auto& worker : workers_) worker->stop();
  if (table_.choice().offload != Offload::off) {
    if (const auto cleared = table_.clear_marks(); !cleared) problem(to_string(cleared.error()));
  }
  LatencyHistogram latency;
  static_cast<RunTotals&>(run_) = totals(latency);
  run_.kernel.latency = latency;
  if (const auto closed = output_.close(); !closed) problem(to_string(closed.error()));
  run_.kernel.events_dropped = output_.events().dropped();
  run_.kernel.names_dropped = names_ ? names_->lost() : 0;
  output_.write_statistics(source(), run_, run_.kernel, *policy_.rules);
}

QueueRange queues_of(const LiveSettings& settings, const CommandLine& options) {
  if (settings.queues) return *settings.queues;
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t count = std::min<std::size_t>(options.workers != 0 ? options.workers : processors, kMaxQueues);
  return {.first = 0, .last = static_cast<std::uint16_t>(count - 1)};
}

Result<GatewayRun> run_gateway(const CommandLine& options, LoadedPolicy& policy) {
  Daemon daemon(options, policy);
  if (auto ready = daemon.set_up(); !ready) return std::unexpected(ready.error());
  return daemon.run();
}

}  // namespace netscope
