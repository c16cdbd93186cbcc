#include "app/control/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>

namespace netscope {
namespace {

// Upper ends of the latency's buckets, in nanoseconds: 1-2-5 from a microsecond to a second.
constexpr std::array<std::uint64_t, 19> kLatencyEnds{1'000,       2'000,       5'000,       10'000,       20'000,
                                                     50'000,      100'000,     200'000,     500'000,      1'000'000,
                                                     2'000'000,   5'000'000,   10'000'000,  20'000'000,   50'000'000,
                                                     100'000'000, 200'000'000, 500'000'000, 1'000'000'000};

struct Label {
  std::string_view name, value;
};

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string seconds(std::uint64_t ns) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), static_cast<double>(ns) / 1e9);
  return {text.data(), end};
}

class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
  }
  void sample(std::initializer_list<Label> labels, std::uint64_t value) { sample("", labels, std::to_string(value)); }
  void sample(std::string_view suffix, std::initializer_list<Label> labels, const std::string& value) {
    text_ += name_ + std::string(suffix);
    char separator = '{';
    for (const Label& label : labels) {
      text_ += separator + std::string(label.name) + "=\"" + escaped(label.value) + '"';
      separator = ',';
    }
    if (separator == ',') text_ += '}';
    text_ += ' ' + value + '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

void write_packets(Exposition& out, const Statistics& s, const KernelView& kernel) {
  const auto verdicts = [&](auto value) {
    out.sample({{"verdict", "accept"}}, value(s.accepted));
    out.sample({{"verdict", "drop"}}, value(s.dropped));
    out.sample({{"verdict", "reject"}}, value(s.rejected));
    out.sample({{"verdict", "kernel_accept"}}, value(kernel.passed));
    out.sample({{"verdict", "kernel_drop"}}, value(kernel.dropped));
    out.sample({{"verdict", "kernel_reject"}}, value(kernel.rejected));
  };
  out.family("netscope_packets_total", "counter",
             "Packets by verdict; kernel_*: of judged flows, carried out by the kernel alone.");
  verdicts([](const Counter& counter) { return counter.packets; });
  out.family("netscope_bytes_total", "counter", "Bytes by verdict.");
  verdicts([](const Counter& counter) { return counter.bytes; });
  out.family("netscope_drops_total", "counter", "Blocked packets by what blocked them.");
  out.sample({{"reason", "rules"}}, s.reasons.rules);
  out.sample({{"reason", "default_policy"}}, s.reasons.default_policy);
  out.sample({{"reason", "flow_drop"}}, s.reasons.flow_drop);
  out.sample({{"reason", "unparsed"}}, s.reasons.unparsed);
  out.sample({{"reason", "unjudged"}}, s.reasons.unjudged);
  std::uint64_t overload = 0;  // under policy.overload = "accept" the kernel lets them pass and counts none
  for (const QueueView& queue : kernel.queues) overload += queue.queue_dropped + queue.user_dropped;
  out.sample({{"reason", "overload"}}, overload);
}

void write_apps(Exposition& out, const Statistics& s, const Catalogue& catalogue) {
  out.family("netscope_app_packets_total", "counter",
             "Packets by application and verdict; of flows that are open, as of a few seconds ago.");
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    const Tally& tally = s.apps[i];
    if (tally.packets == 0) continue;
    const std::string_view app = catalogue.apps()[i].name;
    out.sample({{"app", app}, {"verdict", "accept"}}, tally.packets - std::min(tally.packets, tally.blocked));
    out.sample({{"app", app}, {"verdict", "block"}}, tally.blocked);
  }
}

void write_flows(Exposition& out, const Statistics& s) {
  out.family("netscope_flows_active", "gauge", "Flows that are remembered now.");
  out.sample({}, s.flows_open);
  out.family("netscope_flows_total", "counter", "Flows by transport, those that are open included.");
  out.sample({{"proto", "tcp"}}, s.flows_tcp);
  out.sample({{"proto", "udp"}}, s.flows_udp);
  out.sample({{"proto", "other"}}, s.flows_total - std::min(s.flows_total, s.flows_tcp + s.flows_udp));
}

void write_queues(Exposition& out, const KernelView& kernel) {
  out.family("netscope_queue_depth", "gauge", "Packets that wait in a queue now.");
  for (const QueueView& queue : kernel.queues) out.sample({{"queue", std::to_string(queue.number)}}, queue.depth);
  out.family("netscope_queue_drops_total", "counter",
             "Packets that a queue could not take (by kernel: it was full; by user: the socket's buffer was).");
  for (const QueueView& queue : kernel.queues) {
    out.sample({{"queue", std::to_string(queue.number)}, {"by", "kernel"}}, queue.queue_dropped);
    out.sample({{"queue", std::to_string(queue.number)}, {"by", "user"}}, queue.user_dropped);
  }
  out.family("netscope_unjudged_packets_total", "counter",
             "Packets that passed because a queue could not take them (policy.overload = \"accept\"); an estimate.");
  out.sample({}, kernel.unjudged);
  out.family("netscope_not_stopped_packets_total", "counter",
             "Packets that were told as blocked and that the kernel's rules did not stop; at least.");
  out.sample({}, kernel.not_stopped);
  out.family("netscope_events_dropped_total", "counter", "Events that could not be written.");
  out.sample({}, kernel.events_dropped);
  out.family("netscope_names_dropped_total", "counter", "Answers of DNS that some worker was not told of.");
  out.sample({}, kernel.names_dropped);
}

void write_rules(Exposition& out, const Statistics& s, const RuleSet& rules) {
  out.family("netscope_rule_hits_total", "counter", "Flows that a rule decided.");
  for (std::size_t i = 0; i < std::min(s.rules.size(), rules.rules().size()); ++i) {
    out.sample({{"rule", rules.rules()[i].name}}, s.rules[i].flows);
  }
  out.sample({{"rule", "default"}}, s.default_rule.flows);
}

void write_latency(Exposition& out, const LatencyHistogram& latency) {
  out.family("netscope_verdict_latency_seconds", "histogram", "From a burst's arrival in the program to its verdicts.");
  for (const std::uint64_t end : kLatencyEnds) {
    out.sample("_bucket", {{"le", seconds(end)}}, std::to_string(latency.count_up_to(std::chrono::nanoseconds(end))));
  }
  out.sample("_bucket", {{"le", "+Inf"}}, std::to_string(latency.count()));
  out.sample("_sum", {}, seconds(latency.sum()));
  out.sample("_count", {}, std::to_string(latency.count()));
}

}  // namespace

std::string metrics_text(const RunTotals& run, const KernelView& kernel, const RuleSet& rules, std::string_view version,
                         std::string_view commit) {
  Exposition out;
  write_packets(out, run.statistics, kernel);
  write_apps(out, run.statistics, rules.catalogue());
  write_flows(out, run.statistics);
  write_queues(out, kernel);
  write_rules(out, run.statistics, rules);
  write_latency(out, kernel.latency);
  out.family("netscope_build_info", "gauge", "The program's version.");
  out.sample({{"version", version}, {"commit", commit}}, 1);
  return out.take();
}

}  // namespace netscope
