// The command line as a struct.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "netscope/policy/settings/live_settings.h"

namespace netscope {

// Exit codes of the program.
enum class ExitCode : int {
  done = 0,
  failed = 1,  // something failed while running; what was done before stands
  usage = 2,   // wrong usage or rules; nothing was done
};

struct CommandLine {
  std::string capture_in;   // --pcap; "-": standard input; empty: at a gateway
  std::string capture_out;  // --out; empty: inspection only
  std::string rules_file;
  std::string apps_file;  // replaces the built-in catalogue
  std::vector<std::string> block_apps, block_domains, block_ips;
  unsigned workers = 0;  // 0: as many as processors
  std::uint32_t max_flows = 0;
  std::string stats_json, events, flows;  // files; "-": standard output
  std::vector<std::string> merge_stats;   // statistics documents to add up
  std::string filter;                     // a BPF expression
  bool text_report = true;
  bool tunnels = true;
  bool check = false;
  bool list_apps = false;
  std::optional<std::string> explain;  // a domain
  bool version = false;

  // The gateway's side; what is given here goes before the file's [live].
  bool doctor = false;
  bool print_nft = false;
  std::optional<QueueRange> queues;
  std::optional<Fanout> fanout;
  std::optional<Offload> offload;
  std::optional<Backend> backend;  // --no-table: none
  std::vector<Hook> hooks;
  std::vector<std::string> interfaces, excluded_interfaces;
  std::vector<IpPrefix> excluded_addresses;
  std::optional<Marks> marks;
  std::string user;
  std::string control = "/run/netscope-nfq/control";  // "none": no control socket
  std::string state_folder;                           // empty: the service manager's, else /var/lib/netscope-nfq
  std::string dashboard;                              // "127.0.0.1:8080"; empty: no dashboard
  std::string dashboard_files;                        // empty: where the program was installed or built
  std::vector<std::string> dashboard_hosts;           // more names that browsers may call it by

  // --ctl: this is a client of a gateway that runs.
  std::vector<std::string> ctl;
  std::string ctl_for;  // "2h"
  bool json = false;
};

// The file's settings with those of the command line in their place; the lists of what to leave alone add up.
LiveSettings with_options(LiveSettings settings, const CommandLine& options);

// A help text or an error that ends the program before it began.
struct EarlyExit {
  ExitCode code = ExitCode::done;
  std::string text;
};

std::expected<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv);

}  // namespace netscope
