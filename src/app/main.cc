// A table of contents: read the command line, load the rules, run, report.

#include <csignal>
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/control/client.h"
#include "app/explain_text.h"
#include "app/gateway/doctor.h"
#include "app/gateway/gateway.h"
#include "app/offline/bpf_filter.h"
#include "app/offline/distinct_files.h"
#include "app/offline/offline.h"
#include "app/output/columns.h"
#include "app/output/files.h"
#include "app/output/merged_statistics.h"
#include "app/output/report.h"
#include "app/policy_source.h"
#include "app/version.h"
#include "linux/netfilter/choice.h"
#include "linux/netfilter/nft_text.h"
#include "linux/os/clocks.h"
#include "netscope/net/host_name.h"
#include "netscope/output/stats_document.h"

namespace netscope {
namespace {

int code(ExitCode exit) {
  return static_cast<int>(exit);
}

void complain(const std::string& text) {
  std::fprintf(stderr, "netscope-nfq: %s\n", text.c_str());
}

int complain_all(const std::vector<Error>& errors) {
  for (const Error& error : errors) complain(to_string(error));
  return code(ExitCode::usage);
}

int print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return code(written ? ExitCode::done : ExitCode::failed);
}

int list_apps(const CommandLine& options) {
  const auto catalogue = load_catalogue(options);
  if (!catalogue) return complain_all(catalogue.error());
  std::string text;
  for (const App& app : (*catalogue)->apps()) {
    text += left(app.name, 23) + " " + app.category + "\n";
  }
  return print(text);
}

int merge_stats(const CommandLine& options) {
  const auto sum = merged_statistics(options.merge_stats);
  if (!sum) return complain_all({sum.error()});
  const auto written = replace_file(options.stats_json.empty() ? "-" : options.stats_json, *sum);
  if (!written) complain(to_string(written.error()));
  return code(written ? ExitCode::done : ExitCode::failed);
}

// Several documents on one standard output would mix: the report gives way.
bool report_goes_to_stderr(const CommandLine& options) {
  return options.capture_out == "-" || options.stats_json == "-" || options.events == "-" || options.flows == "-";
}

constexpr const char* kNoReport = "standard output: the report cannot be written";

bool write_report(const CommandLine& options, const std::string& report) {
  std::FILE* const out = report_goes_to_stderr(options) ? stderr : stdout;
  return std::fputs(report.c_str(), out) >= 0 && std::fflush(out) == 0;
}

int filter_capture(const CommandLine& options, const LoadedPolicy& policy) {
  auto run = run_offline(options, policy.rules);
  if (!run) {
    complain(to_string(run.error()));
    return code(ExitCode::failed);
  }
  const bool in_vain = run->records_read == 0 && !run->problems.empty();  // a page of zeros would hide the reason
  if (options.text_report && !in_vain && !write_report(options, text_report(*run, *policy.rules))) {
    run->problems.emplace_back(kNoReport);
  }
  if (!options.stats_json.empty()) {
    const std::string json = to_json(
        stats_of_run({.kind = "pcap", .name = run->input_name, .version = version(), .timestamp = os::wall_clock()},
                     *run, KernelView{}, *policy.rules));
    if (const auto written = replace_file(options.stats_json, json); !written) {
      run->problems.push_back(to_string(written.error()));
    }
  }
  for (const std::string& problem : run->problems) complain(problem);
  return code(run->problems.empty() ? ExitCode::done : ExitCode::failed);
}

int filter_gateway(const CommandLine& options, LoadedPolicy& policy) {
  auto run = run_gateway(options, policy);
  if (!run) {
    complain(to_string(run.error()));
    return code(ExitCode::failed);
  }
  if (options.text_report && !write_report(options, text_report(*run, *policy.rules))) {
    complain(kNoReport);
    return code(ExitCode::failed);
  }
  return code(run->failed ? ExitCode::failed : ExitCode::done);
}

int explain_domain(const std::string& written, const RuleSet& rules) {
  const auto domain = normalize_domain(written);
  if (!domain) return complain_all({Error{.message = "--explain: " + domain.error().message}});
  return print(explanation_text(rules, explain(rules, *domain)));
}

// --doctor and --print-nft, by the settings of the rules file and of the command line.
int look_at_gateway(const CommandLine& options, const Policy& policy) {
  const LiveSettings settings = with_options(policy.live, options);
  const QueueRange queues = queues_of(settings, options);
  if (options.print_nft) {
    netfilter::TableSettings table{.live = settings, .queues = queues, .bypass = policy.overload == Action::accept};
    if (settings.offload == Offload::flowtable) table.flow_devices = netfilter::flow_devices(settings);
    return print(netfilter::nft_table(table));
  }
  const auto findings = examine(settings, queues);
  const int printed = print(doctor_text(findings));
  return healthy(findings) ? printed : code(ExitCode::failed);
}

int run(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error like others, with a message
  const auto options = parse_command_line(argc, argv);
  if (!options) {
    std::fputs(options.error().text.c_str(), options.error().code == ExitCode::done ? stdout : stderr);
    return code(options.error().code);
  }
  if (options->version) {
    return print("netscope-nfq " + std::string(version()) + " (" + std::string(commit()) + ")\n");
  }
  if (options->list_apps) return list_apps(*options);
  if (!options->merge_stats.empty()) return merge_stats(*options);
  if (!options->ctl.empty()) return run_control_client(*options);
  auto policy = load_policy(*options);
  if (!policy) return complain_all(policy.error());
  if (options->explain) return explain_domain(*options->explain, *policy->rules);
  if (options->check) return print(describe(*policy->rules));
  if (options->doctor || options->print_nft) return look_at_gateway(*options, policy->rules->policy());
  if (const auto distinct = check_distinct_files(*options); !distinct) return complain_all({distinct.error()});
  if (!options->filter.empty()) {
    if (const auto filter = BpfFilter::compile(options->filter); !filter) return complain_all({filter.error()});
  }
  return options->capture_in.empty() ? filter_gateway(*options, *policy) : filter_capture(*options, *policy);
}

}  // namespace
}  // namespace netscope

// What nothing catches ends the program as a crash does, and leaves the kernel's rules in place.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  return netscope::run(argc, argv);
}
