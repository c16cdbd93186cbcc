#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "app/version.h"

namespace netscope {
namespace {

constexpr std::uint32_t kDefaultFlows = 262144, kMinFlows = 1024, kMaxFlows = 16u << 20;
constexpr unsigned kMaxWorkers = 64;

void add_options(CLI::App& app, CommandLine& out, std::string& report) {
  app.add_option("--pcap", out.capture_in, "Read this capture (pcap or pcapng); - is standard input")->type_name("IN");
  app.add_option("--out", out.capture_out, "Write what the rules accept; - is standard output")->type_name("OUT");
  app.add_option("--rules", out.rules_file, "The rules file (TOML)")->type_name("FILE");
  app.add_option("--apps", out.apps_file, "An application catalogue in place of the built-in one")->type_name("FILE");
  app.add_option("--block-app", out.block_apps, "Block an application; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--block-domain", out.block_domains, "Block a domain and all below it; may be repeated")
      ->type_name("DOMAIN")
      ->allow_extra_args(false);
  app.add_option("--block-ip", out.block_ips, "Block an address or a prefix; may be repeated")
      ->type_name("ADDRESS|PREFIX")
      ->allow_extra_args(false);
  app.add_option("--filter", out.filter, "Only look at packets that this BPF expression matches")->type_name("BPF");
  app.add_option("--workers", out.workers, "Threads that judge; as many as processors unless given")
      ->type_name("N")
      ->check(CLI::Range(1u, kMaxWorkers));
  app.add_option("--max-flows", out.max_flows, "Flows remembered at once")
      ->type_name("N")
      ->check(CLI::Range(kMinFlows, kMaxFlows))
      ->default_val(kDefaultFlows);
  app.add_option("--stats-json", out.stats_json, "Write the statistics as JSON")->type_name("FILE");
  app.add_option("--events", out.events, "Write events as JSON lines (EVE)")->type_name("FILE");
  app.add_option("--flows", out.flows, "Write one JSON line a flow")->type_name("FILE");
  app.add_option("--report", report, "The report at the end: text or none")
      ->type_name("text|none")
      ->check(CLI::IsMember({"text", "none"}))
      ->default_val("text");
  app.add_flag("!--no-tunnels", out.tunnels, "Judge tunnels by their outside only");
  app.add_flag("--check", out.check, "Check the rules, print what was understood, and stop");
  app.add_flag("--list-apps", out.list_apps, "List the applications of the catalogue, and stop");
  app.add_flag("--version", out.version, "Print the version, and stop");
}

// Several outputs on standard output would mix, and so would the report.
std::string conflict(const CommandLine& out) {
  const bool acts = out.check || out.list_apps || out.version;
  if (!acts && out.capture_in.empty()) {
    return "nothing to do: name a capture with --pcap FILE (or - for standard input); see --help";
  }
  const std::string* const outputs[] = {&out.capture_out, &out.stats_json, &out.events, &out.flows};
  if (std::count_if(std::begin(outputs), std::end(outputs), [](const auto* file) { return *file == "-"; }) > 1) {
    return "only one of --out, --stats-json, --events and --flows can go to standard output (-)";
  }
  return {};
}

}  // namespace

std::expected<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv) {
  CommandLine out;
  std::string report = "text";
  CLI::App app{"A firewall that knows the application behind a connection: filters a capture by rules.",
               "netscope-nfq"};
  app.footer(
      "Exit codes: 0 done, 1 something failed while running, 2 wrong usage or rules.\n"
      "Example: netscope-nfq --pcap in.pcap --out out.pcap --rules rules.toml --block-app TikTok");
  add_options(app, out, report);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(EarlyExit{ExitCode::done, app.help()});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(EarlyExit{ExitCode::usage, std::string("netscope-nfq: ") + error.what() + "; see --help\n"});
  }
  out.text_report = report == "text";
  if (const std::string why = conflict(out); !why.empty()) {
    return std::unexpected(EarlyExit{ExitCode::usage, "netscope-nfq: " + why + "\n"});
  }
  return out;
}

}  // namespace netscope
