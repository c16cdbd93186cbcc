// The command line as a struct.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace netscope {

// Exit codes of the program.
enum class ExitCode : int {
  done = 0,
  failed = 1,  // something failed while running; what was done before stands
  usage = 2,   // wrong usage or rules; nothing was done
};

struct CommandLine {
  std::string capture_in;   // --pcap; "-": standard input
  std::string capture_out;  // --out; empty: inspection only
  std::string rules_file;
  std::string apps_file;  // replaces the built-in catalogue
  std::vector<std::string> block_apps, block_domains, block_ips;
  unsigned workers = 0;  // 0: as many as processors
  std::uint32_t max_flows = 0;
  std::string stats_json, events, flows;  // files; "-": standard output
  std::string filter;                     // a BPF expression
  bool text_report = true;
  bool tunnels = true;
  bool check = false;
  bool list_apps = false;
  bool version = false;
};

// A help text or an error that ends the program before it began.
struct EarlyExit {
  ExitCode code = ExitCode::done;
  std::string text;
};

std::expected<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv);

}  // namespace netscope
