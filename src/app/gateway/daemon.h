// The gateway's main thread: all that is not a packet.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/control/api.h"
#include "app/control/control_socket.h"
#include "app/gateway/carried_out.h"
#include "app/gateway/console.h"
#include "app/gateway/gateway.h"
#include "app/gateway/gateway_output.h"
#include "app/gateway/kernel_table.h"
#include "app/gateway/manual_rules.h"
#include "app/gateway/privileges.h"
#include "app/gateway/queue_losses.h"
#include "app/gateway/queue_worker.h"
#include "app/gateway/service.h"
#include "app/gateway/signals.h"
#include "app/gateway/silence.h"
#include "app/history/history.h"
#include "app/policy_source.h"
#include "linux/nfq/queue_counters.h"

namespace netscope {

class Daemon : public GatewayApi {
 public:
  Daemon(const CommandLine& options, LoadedPolicy& policy)
      : options_(options),
        policy_(policy),
        settings_(with_options(policy.rules->policy().live, options)),
        queues_(queues_of(settings_, options)),
        table_(console_),
        output_(options, console_),
        by_hand_(console_) {}

  Result<void> set_up();
  GatewayRun run();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // What the control socket asks for: daemon_api.cc.
  std::string stats() override;
  std::string metrics() override;
  std::string history(bool by_hour) override;
  std::vector<std::string> troubles() override;
  Lines event_lines(std::uint64_t after) override;
  std::vector<ToldFlow> flows(std::uint64_t after) override;
  const Catalogue& catalogue() override { return *policy_.catalogue; }
  std::string rules_file() override { return options_.rules_file; }
  RulesInForce check_rules(const std::string& text) override;
  RulesInForce reload() override;
  const Actions& actions() override { return by_hand_.actions(); }
  Result<ManualAction> act(ManualAction action) override;
  std::optional<ManualAction> take_back(std::optional<std::uint64_t> id) override;

  void open_control(const RunAs& user);
  Result<void> start_dashboard(const RunAs& user);
  void prepare_state(const RunAs& user);
  void open_history();
  void serve_control();
  void expire_manual_rules();
  void manual_rules_changed();
  void put_in_force(LoadedPolicy loaded);
  void write_history();

  Result<void> open_queues();
  void work();
  void tick();
  void wait_for_new_rules();
  void recall_flows();
  void stop();
  // Listing the kernel's counters can take a program or two: not every second.
  enum class Passed : bool { as_known, read_anew };
  KernelView kernel_view(Passed how);
  RunTotals totals(LatencyHistogram& latency);
  void read_queues(Passed how, KernelView& view);
  void watch_workers();
  void watch_silence();
  void read_table();
  void problem(const std::string& text);
  std::string place() const;
  StatsSource source() const;  // views of run_

  const CommandLine& options_;
  LoadedPolicy& policy_;
  LiveSettings settings_;
  QueueRange queues_;
  Console console_;
  Signals signals_;
  os::SteadyWallClock clock_;
  KernelTable table_;
  os::Descriptor single_instance_;
  unsigned ticks_ = 0;
  std::optional<nfq::QueueCountersFile> counters_;
  QueueLosses losses_;
  CarriedOut carried_out_;
  bool fails_open_ = false;  // the queues do
  GatewayOutput output_;
  std::optional<NameExchange> names_;
  std::vector<std::unique_ptr<QueueWorker>> workers_;
  std::vector<std::uint64_t> progress_;  // of each worker, when it was last looked at
  GatewayRun run_;
  SteadyTime began_ = std::chrono::steady_clock::now();
  Silence silence_{began_};
  OneDirection one_direction_;

  std::optional<std::chrono::microseconds> watchdog_ = watchdog_interval();
  SteadyTime watched_{};
  bool stopping_ = false;

  RunTotals totals_;  // as of the last tick
  KernelView kernel_;
  std::optional<ControlSocket> control_;
  std::string state_folder_;  // empty: nothing is kept
  ManualRules by_hand_;
  Time rules_since_{};  // by the clock of flows
  bool reload_failed_ = false;
  std::optional<History> history_;
  std::int64_t history_minute_ = 0;
};

}  // namespace netscope
