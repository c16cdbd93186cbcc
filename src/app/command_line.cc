#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "app/version.h"
#include "netscope/output/stats_document.h"

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
  app.add_option("--merge-stats", out.merge_stats,
                 "Add up files of --stats-json, to standard output or to another --stats-json, and stop")
      ->type_name("FILE...")
      ->expected(1, static_cast<int>(kMaxStatsDocuments));
  app.add_option("--events", out.events, "Write events as JSON lines (EVE)")->type_name("FILE");
  app.add_option("--flows", out.flows, "Write one JSON line a flow")->type_name("FILE");
  app.add_option("--report", report, "The report at the end: text or none")
      ->type_name("text|none")
      ->check(CLI::IsMember({"text", "none"}))
      ->default_val("text");
  app.add_flag("!--no-tunnels", out.tunnels, "Judge tunnels by their outside only");
  app.add_flag("--check", out.check, "Check the rules, print what was understood, and stop");
  app.add_option("--explain", out.explain, "Say what the catalogue and the rules make of a domain, and stop")
      ->type_name("DOMAIN");
  app.add_flag("--list-apps", out.list_apps, "List the applications of the catalogue, and stop");
  app.add_flag("--version", out.version, "Print the version, and stop");
}

template <class T, std::size_t N>
void add_word(CLI::App& app, const char* name, std::optional<T>& out, const std::array<T, N>& all, const char* help) {
  std::vector<std::string> words;
  std::string type;
  for (const T value : all) {
    words.emplace_back(to_string(value));
    type += (type.empty() ? "" : "|") + words.back();
  }
  app.add_option_function<std::string>(
         name,
         [&out, &all](const std::string& word) {
           out = *std::find_if(all.begin(), all.end(), [&](const T value) { return to_string(value) == word; });
         },
         help)
      ->type_name(type)
      ->check(CLI::IsMember(words));
}

// What T::parse understands; its own words where it does not.
template <class T, class Take>
void add_parsed(CLI::App& app, const char* name, Take take, const char* type, const char* help) {
  app.add_option_function<std::vector<std::string>>(
         name,
         [name, take](const std::vector<std::string>& values) {
           for (const std::string& value : values) {
             const auto parsed = T::parse(value);
             if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
             take(*parsed);
           }
         },
         help)
      ->type_name(type)
      ->allow_extra_args(false);
}

void add_interfaces(CLI::App& app, const char* name, std::vector<std::string>& out, const char* help) {
  app.add_option(name, out, help)->type_name("NAME")->allow_extra_args(false)->check([](const std::string& text) {
    return is_interface_name(text) ? std::string{} : text + " is not the name of a network interface";
  });
}

void add_live_options(CLI::App& app, CommandLine& out) {
  constexpr const char* kGroup = "At a gateway";
  const std::size_t before = app.get_options().size();
  app.add_flag("--doctor", out.doctor, "Say what works on this machine and what does not, and stop");
  app.add_flag("--print-nft", out.print_nft, "Print the kernel's rules without loading them, and stop");
  add_parsed<QueueRange>(
      app, "--queues", [&out](const QueueRange& range) { out.queues = range; }, "A-B",
      "NFQUEUE numbers, a worker each; from 0, as many as processors unless given");
  add_word(app, "--fanout", out.fanout, kFanouts, "How packets are spread over the queues");
  add_word(app, "--offload", out.offload, kOffloads, "How judged flows leave the queues");
  add_word(app, "--backend", out.backend, kBackends, "Which program of the kernel queues the packets");
  app.add_flag_callback(
      "--no-table", [&out] { out.backend = Backend::none; }, "Load no rules: the administrator has (see --print-nft)");
  app.add_option_function<std::vector<std::string>>(
         "--hook",
         [&out](const std::vector<std::string>& words) {
           for (const Hook hook : kHooks) {
             if (std::find(words.begin(), words.end(), to_string(hook)) != words.end()) out.hooks.push_back(hook);
           }
         },
         "What to filter; may be repeated; forward unless given")
      ->type_name("forward|input|output")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"forward", "input", "output"}));
  add_interfaces(app, "--interface", out.interfaces, "Filter only what comes in or goes out here; may be repeated");
  add_interfaces(app, "--exclude-interface", out.excluded_interfaces, "Leave this interface alone; may be repeated");
  add_parsed<IpPrefix>(
      app, "--exclude-address", [&out](const IpPrefix& prefix) { out.excluded_addresses.push_back(prefix); },
      "ADDRESS|PREFIX", "Leave these addresses alone; may be repeated");
  add_parsed<Marks>(
      app, "--mark-mask", [&out](const Marks& marks) { out.marks = marks; }, "MASK",
      "The bits of the packet and connection marks that are ours; 0xff000000 unless given");
  app.add_option("--control", out.control, "The control socket; none: without one")
      ->type_name("PATH|none")
      ->default_str(out.control);
  app.add_option("--state-dir", out.state_folder,
                 "Where what was blocked by hand and the history are kept; /var/lib/netscope-nfq unless given")
      ->type_name("FOLDER");
  app.add_option("--dashboard", out.dashboard, "Serve the dashboard, the API and metrics here")
      ->type_name("ADDRESS:PORT");
  app.add_option("--dashboard-files", out.dashboard_files, "The dashboard's page")->type_name("FOLDER");
  app.add_option("--dashboard-host", out.dashboard_hosts,
                 "Another name that browsers may call the dashboard by (NAME or NAME:PORT); may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--ctl", out.ctl,
                 "Ask a gateway that runs: status, flows [FILTER], list, reload, "
                 "block|allow app|domain|client|prefix VALUE, undo [N]")
      ->type_name("WORD...")
      ->expected(1, 4);
  app.add_option("--for", out.ctl_for, "How long --ctl block or allow holds: 90s, 30m, 2h, 7d")->type_name("TIME");
  app.add_flag("--json", out.json, "--ctl: print the answer as it comes");
  app.add_option("--user", out.user, "Whom to run as after set-up")->type_name("NAME");
  const auto options = app.get_options();
  for (std::size_t i = before; i < options.size(); ++i) options[i]->group(kGroup);
}

// Several outputs on standard output would mix, and so would the report.
std::string conflict(const CommandLine& out) {
  const bool blocks = !out.block_apps.empty() || !out.block_domains.empty() || !out.block_ips.empty();
  const bool acts = out.check || out.list_apps || out.version || out.doctor || out.print_nft || out.explain ||
                    !out.ctl.empty() || !out.merge_stats.empty();
  if (!out.merge_stats.empty() && (!out.capture_in.empty() || !out.rules_file.empty() || !out.ctl.empty())) {
    return "--merge-stats adds up files that are there: leave --pcap, --rules and --ctl away";
  }
  if (!acts && out.capture_in.empty()) {
    if (!out.capture_out.empty()) return "--out FILE needs a capture to filter: name it with --pcap FILE";
    if (out.stats_json == "-") return "--stats-json is replaced every second at a gateway: name a file";
    if (!out.filter.empty()) return "--filter needs a capture: name it with --pcap FILE";
    if (out.rules_file.empty() && !blocks) {
      return "nothing to do: name a capture with --pcap FILE (or - for standard input), or the rules of a gateway with "
             "--rules FILE; see --help";
    }
  }
  const std::string* const outputs[] = {&out.capture_out, &out.stats_json, &out.events, &out.flows};
  if (std::count_if(std::begin(outputs), std::end(outputs), [](const auto* file) { return *file == "-"; }) > 1) {
    return "only one of --out, --stats-json, --events and --flows can go to standard output (-)";
  }
  return {};
}

}  // namespace

LiveSettings with_options(LiveSettings settings, const CommandLine& options) {
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  if (options.queues) settings.queues = options.queues;
  settings.fanout = options.fanout.value_or(settings.fanout);
  settings.offload = options.offload.value_or(settings.offload);
  settings.backend = options.backend.value_or(settings.backend);
  if (!options.hooks.empty()) settings.hooks = options.hooks;
  if (!options.interfaces.empty()) settings.interfaces = options.interfaces;
  add(settings.excluded_interfaces, options.excluded_interfaces);
  add(settings.excluded_addresses, options.excluded_addresses);
  settings.marks = options.marks.value_or(settings.marks);
  if (!options.user.empty()) settings.user = options.user;
  return settings;
}

std::expected<CommandLine, EarlyExit> parse_command_line(int argc, const char* const* argv) {
  CommandLine out;
  std::string report = "text";
  CLI::App app{"A firewall that knows the application behind a connection: filters a gateway, or a capture, by rules.",
               "netscope-nfq"};
  app.footer(
      "Exit codes: 0 done, 1 something failed while running, 2 wrong usage or rules.\n"
      "Examples: sudo netscope-nfq --rules rules.toml\n"
      "          netscope-nfq --pcap in.pcap --out out.pcap --rules rules.toml --block-app TikTok");
  add_options(app, out, report);
  add_live_options(app, out);
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
