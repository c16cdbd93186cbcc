// What the control socket asks of the main thread, and what is kept over restarts.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "app/control/metrics.h"
#include "app/gateway/daemon.h"
#include "app/output/files.h"
#include "app/version.h"
#include "app/web/web_process.h"
#include "linux/os/clocks.h"

namespace netscope {
namespace {

using namespace std::chrono_literals;

// How long the main thread waits for the workers' flows; they take milliseconds.
constexpr auto kPatienceForFlows = 2s;

std::string state_folder_of(const CommandLine& options) {
  if (!options.state_folder.empty()) return options.state_folder;
  const char* const given = std::getenv("STATE_DIRECTORY");  // systemd.exec(5)
  return given != nullptr ? given : "/var/lib/netscope-nfq";
}

}  // namespace

// --- at the start

void Daemon::prepare_state(const RunAs& user) {
  const std::string folder = state_folder_of(options_);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && ::chown(folder.c_str(), user.uid, user.gid) != 0 && ::geteuid() == 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    console_.log(LogLevel::warning, folder + ": " + error.message() +
                                        "; what is blocked by hand and the history will not outlive this run (name "
                                        "another folder with --state-dir)");
    return;
  }
  state_folder_ = folder;
  by_hand_.open(folder, os::wall_clock());
  if (by_hand_.actions().all().empty()) return;
  auto loaded = load_policy(options_, policy_.catalogue, by_hand_.rules(*policy_.catalogue));
  if (!loaded) return;  // the file changed since it was read a moment ago
  policy_ = std::move(*loaded);
  by_hand_.are_in_force(*policy_.catalogue);
}

void Daemon::open_control(const RunAs& user) {
  if (options_.control == "none") return;
  auto opened = ControlSocket::open(options_.control, ::geteuid() == 0 ? static_cast<long>(user.gid) : -1);
  if (!opened) {
    return console_.log(LogLevel::warning, to_string(opened.error()) + "; --ctl will not reach this gateway");
  }
  control_ = std::move(*opened);
}

// What the user wrote has to make sense. Whatever else keeps the page from being served keeps nothing from being
// filtered.
Result<void> Daemon::start_dashboard(const RunAs& user) {
  if (options_.dashboard.empty()) return {};
  if (auto readable = check_listen_address(options_.dashboard); !readable) return readable;
  if (options_.control == "none") return failure("--dashboard needs the control socket: leave --control none away");
  const auto without = [this](const std::string& why) {
    console_.log(LogLevel::error, why + "; there is no dashboard, and filtering goes on");
    return Result<void>{};
  };
  if (!control_) return without("--dashboard needs the control socket, which could not be opened");
  if (state_folder_.empty()) return without("--dashboard needs a folder for its token: name one with --state-dir");
  auto started = start_web_process({.listen = options_.dashboard,
                                    .files = options_.dashboard_files,
                                    .more_hosts = options_.dashboard_hosts,
                                    .control = options_.control,
                                    .token_file = state_folder_ + "/dashboard-token",
                                    .group = user.gid});
  if (!started) return without(to_string(started.error()));
  console_.log(LogLevel::info, *started);
  return {};
}

void Daemon::open_history() {
  if (state_folder_.empty()) return;
  std::string warning;
  auto opened = History::open(state_folder_ + "/history.sqlite", warning);
  if (!warning.empty()) console_.log(LogLevel::warning, warning);
  if (!opened) return console_.log(LogLevel::warning, to_string(opened.error()) + "; no history is kept");
  history_ = std::move(*opened);
}

// --- in the run

void Daemon::serve_control() {
  if (!control_) return;
  control_->serve(std::chrono::steady_clock::now(),
                  [this](std::string_view line) { return answer_line(line, *this, os::wall_clock()); });
}

void Daemon::write_history() {
  if (!history_) return;
  const Time now = os::wall_clock();
  const auto minute = std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
  if (minute == history_minute_) return;
  const bool first = std::exchange(history_minute_, minute) == 0;
  if (first) return;
  // What came in the minute that is over.
  const auto written = history_->add(history_sample(totals_.statistics, kernel_, *policy_.catalogue), now - 1min);
  if (!written) console_.log(LogLevel::warning, to_string(written.error()));
}

void Daemon::expire_manual_rules() {
  if (by_hand_.expire(os::wall_clock())) manual_rules_changed();
}

void Daemon::manual_rules_changed() {
  Policy policy = by_hand_.renew(policy_.rules->policy(), *policy_.catalogue);
  auto rules = std::make_shared<const RuleSet>(RuleSet::compile(std::move(policy), *policy_.catalogue));
  put_in_force({policy_.catalogue, std::move(rules)});
  by_hand_.keep();
}

Result<ManualAction> Daemon::act(ManualAction action) {
  auto added = by_hand_.add(std::move(action));
  if (added) manual_rules_changed();
  return added;
}

std::optional<ManualAction> Daemon::take_back(std::optional<std::uint64_t> id) {
  auto taken = by_hand_.take_back(id);
  if (taken) manual_rules_changed();
  return taken;
}

// --- questions

std::string Daemon::stats() {
  std::string json = to_json(stats_of_run(source(), totals_, kernel_, *policy_.rules));
  json.pop_back();  // the line feed
  return json;
}

std::string Daemon::metrics() {
  return metrics_text(totals_, kernel_, *policy_.rules, version(), commit());
}

std::string Daemon::history(bool by_hour) {
  std::string none = R"({"start":0,"step":60,"pkts":[],"bytes":[],"blocked":[],"apps":[]})";
  if (!history_) return none;
  return history_->to_json(by_hour ? HistoryStep::hour : HistoryStep::minute, os::wall_clock()).value_or(none);
}

std::vector<std::string> Daemon::troubles() {
  std::vector<std::string> out;
  if (table_.is_lost()) out.emplace_back("somebody took the program's rules out of the kernel: nothing is filtered");
  if (const std::string& rule = table_.stood_ahead(); !rule.empty()) {
    out.push_back("somebody keeps putting rules ahead of the program's in iptables, by which packets pass unjudged: " +
                  rule + "; put them behind (iptables -t mangle -A)");
  }
  if (silence_.trouble()) out.push_back(*silence_.trouble());
  if (one_direction_.trouble()) out.push_back(*one_direction_.trouble());
  if (auto in_vain = carried_out_.trouble()) out.push_back(std::move(*in_vain));
  if (reload_failed_) out.emplace_back("the last reload failed; the rules of before are in force");
  if (auto lost = losses_.trouble()) out.push_back(std::move(*lost));
  if (kernel_.events_dropped > 0) out.push_back(std::to_string(kernel_.events_dropped) + " events were lost so far");
  if (state_folder_.empty()) out.emplace_back("nothing is kept over a restart: the state folder cannot be used");
  return out;
}

GatewayApi::Lines Daemon::event_lines(std::uint64_t after) {
  auto recent = output_.events().recent_lines(after);
  return {.next = recent.next, .lines = std::move(recent.lines)};
}

std::vector<ToldFlow> Daemon::flows(std::uint64_t after) {
  const auto sequence_of = [](Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
  };
  // Sequences are told by the clock of flows, which never steps.
  const Duration correction = clock_.correction();
  const std::uint64_t rules_since = sequence_of(rules_since_);
  const bool all = after == 0 || after < rules_since;
  for (const auto& worker : workers_) {
    worker->ask_for_flows(all ? Time::min() : Time{std::chrono::microseconds(after)} + 999ns);
  }
  std::vector<ToldFlow> out;
  const SteadyTime end = std::chrono::steady_clock::now() + kPatienceForFlows;
  for (const auto& worker : workers_) {
    std::shared_ptr<const FlowListing> listing;
    while ((listing = worker->listing()) == nullptr && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    if (listing == nullptr) continue;
    for (Event event : listing->flows) {
      const std::uint64_t sequence = std::max(sequence_of(event.end), rules_since);
      event.time += correction;
      event.start += correction;
      event.end += correction;
      out.push_back({.sequence = sequence, .open = true, .event = std::move(event), .rules = listing->rules});
    }
  }
  for (auto& ended : output_.events().recent_flows()) {
    const std::uint64_t sequence = sequence_of(ended.told);
    if (sequence <= after) continue;
    out.push_back({.sequence = sequence, .open = false, .event = std::move(ended.event), .rules = ended.rules});
  }
  return out;
}

RulesInForce Daemon::check_rules(const std::string& text) {
  const auto loaded = load_policy_text(options_, policy_.catalogue, {}, text);
  if (!loaded) return std::unexpected(loaded.error());
  return loaded->rules->rules().size();
}

}  // namespace netscope
