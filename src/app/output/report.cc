#include "app/output/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "app/output/columns.h"

namespace netscope {
namespace {

constexpr std::size_t kTopRows = 10, kAppRows = 20, kNameWidth = 34;

// Names come from peers: what could move a terminal's cursor is shown as '?', and a column stays a column.
std::string column(std::string_view text, std::size_t width) {
  std::string out = printable(text, NotAscii::replaced);
  if (out.size() > width) out = out.substr(0, width - 3) + "...";
  return left(out, width);
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string fixed(double value, int decimals) {
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fixed(value, unit == 0 ? 0 : 1) + " " + std::string(kUnits[unit]);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

void line(std::string& out, std::string_view label, std::uint64_t value, std::string_view more = {}) {
  out += "  " + column(label, 14) + right(grouped(value), 14);
  if (!more.empty()) out += "  " + std::string(more);
  out += "\n";
}

void head(std::string& out, std::string_view title, std::string_view columns) {
  out += "\n" + column(title, kNameWidth + 2) + std::string(columns) + "\n";
}

void tally_row(std::string& out, std::string_view name, const Tally& tally) {
  out += "  " + column(name, kNameWidth) + right(grouped(tally.packets), 11) + right(bytes_text(tally.bytes), 10) +
         right(grouped(tally.flows), 9) + right(tally.blocked == 0 ? "-" : grouped(tally.blocked), 11) + "\n";
}

constexpr std::string_view kTallyColumns = "    packets     bytes    flows    blocked";

void summary(std::string& out, const OfflineRun& run) {
  out += "netscope-nfq run report\n\n";
  out += "  input   " + run.input_name + "  " + bytes_text(run.bytes_read) + ", " + grouped(run.records_read) +
         " packets, " + (run.input_format == CaptureFormat::pcapng ? "pcapng" : "pcap");
  for (const LinkType link : run.link_types) {
    out +=
        ", " + (is_supported(link) ? std::string(to_string(link))
                                   : "link type " + std::to_string(static_cast<unsigned>(link)) + " (not supported)");
  }
  out += "\n  output  ";
  out += run.output_name.empty() ? "none (inspection only)"
                                 : run.output_name + "  " + bytes_text(run.bytes_written) + ", " +
                                       grouped(run.records_written) + " packets";
  const double rate = run.seconds > 0 ? static_cast<double>(run.records_read) / run.seconds : 0;
  out += "\n  time    " + fixed(run.seconds, 3) + " s, " +
         (rate >= 1e6 ? fixed(rate / 1e6, 2) + " M" : grouped(static_cast<std::uint64_t>(rate))) + " packets/s\n";
}

void summary(std::string& out, const GatewayRun& run) {
  out += "netscope-nfq run report\n\n";
  out += "  place   " + run.place + "\n";
  out += "  time    " + fixed(run.seconds, 1) + " s, " + grouped(run.reloads) + " reloads\n";
}

// What the kernel did without asking, and what it could not ask about.
void kernel(std::string& out, const KernelView& view) {
  out += "\nKernel\n";
  line(out, "passed", view.passed.packets, "of judged flows, " + bytes_text(view.passed.bytes));
  line(out, "dropped", view.dropped.packets, "of blocked flows");
  line(out, "rejected", view.rejected.packets, "of blocked flows");
  std::uint64_t full = 0, unread = 0;
  for (const QueueView& queue : view.queues) {
    full += queue.queue_dropped;
    unread += queue.user_dropped;
  }
  line(out, "overload", full + unread,
       "queue full " + grouped(full) + ", buffer full " + grouped(unread) + " in " +
           std::to_string(view.queues.size()) + " queues");
  line(out, "unjudged", view.unjudged, "passed since a queue could not take them, about");
  const auto us = [](std::chrono::nanoseconds ns) { return fixed(static_cast<double>(ns.count()) / 1000, 0) + " us"; };
  out += "  " + column("verdicts in", 14) + right(us(view.latency.quantile(0.5)), 14) + "  median, 99 % within " +
         us(view.latency.quantile(0.99)) + ", all within " + us(view.latency.max()) + "\n";
}

void packets(std::string& out, const Statistics& s, std::uint64_t left_out) {
  out += "\nPackets\n";
  line(out, "total", s.all.packets, bytes_text(s.all.bytes));
  line(out, "forwarded", s.accepted.packets, share(s.accepted.packets, s.all.packets));
  line(out, "blocked", s.blocked_packets(), share(s.blocked_packets(), s.all.packets));
  line(out, "TCP", s.tcp.packets);
  line(out, "UDP", s.udp.packets);
  line(out, "other", s.icmp.packets + s.other.packets + s.not_ip.packets,
       "ICMP " + grouped(s.icmp.packets) + ", not IP " + grouped(s.not_ip.packets));
  if (left_out > 0) line(out, "left out", left_out, "by --filter; neither judged nor written");
  line(out, "not parsed", s.malformed.packets + s.cut_off.packets,
       "broken " + grouped(s.malformed.packets) + ", cut off by the capture " + grouped(s.cut_off.packets));
}

void flows(std::string& out, const Statistics& s) {
  out += "\nFlows\n";
  line(out, "total", s.flows_total, "TCP " + grouped(s.flows_tcp) + ", UDP " + grouped(s.flows_udp));
  for (std::size_t i = 0; i < kFlowStateCount; ++i) line(out, to_string(static_cast<FlowState>(i)), s.flows[i]);
  if (s.evicted > 0) {
    line(out, "evicted", s.evicted, grouped(s.evicted_pending) + " of them not yet judged; see --max-flows");
  }
  if (s.given_up > 0) {
    line(out, "given up", s.given_up,
         "at a limit; of their packets " + grouped(s.reasons.unjudged) + " were dropped and " +
             grouped(s.passed_unjudged) + " passed (\"unjudged\" of the policy)");
  }
}

void applications(std::string& out, const Statistics& s, const RuleSet& rules) {
  std::vector<std::pair<std::string, Tally>> rows;
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    if (s.apps[i].flows > 0) rows.emplace_back(rules.catalogue().apps()[i].name, s.apps[i]);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  head(out, "Applications", kTallyColumns);
  if (rows.empty()) out += "  none\n";
  for (std::size_t i = 0; i < std::min(rows.size(), kAppRows); ++i) tally_row(out, rows[i].first, rows[i].second);
  if (rows.size() > kAppRows) out += "  and " + std::to_string(rows.size() - kAppRows) + " more\n";
  head(out, "Protocols", kTallyColumns);
  for (std::size_t i = 0; i < kProtocolCount; ++i) {
    if (s.protocols[i].flows > 0) tally_row(out, to_string(static_cast<Protocol>(i)), s.protocols[i]);
  }
}

void domains(std::string& out, const Statistics& s) {
  head(out, "Top domains", kTallyColumns);
  const auto top = s.domains.top(kTopRows);
  if (top.empty()) out += "  none\n";
  for (const auto& [domain, tally] : top) tally_row(out, domain, tally);
  if (s.learned_names > 0) {
    out += "  (flows without a name of their own that an answer of DNS names: " + grouped(s.learned_names) + ")\n";
  }
  if (!s.domains.exact()) out += "  (bytes may be short by " + bytes_text(s.domains.error_bytes()) + ")\n";
}

void rule_rows(std::string& out, const RunTotals& run, const RuleSet& rules) {
  head(out, "Rules", " action        hits    packets     bytes");  // a DNS flow is judged at each message
  const auto row = [&](std::string_view name, std::string_view action, std::uint64_t hits, const std::string& packets,
                       const std::string& bytes) {
    out += "  " + column(name, kNameWidth) + " " + column(action, 8) + right(grouped(hits), 10) + right(packets, 11) +
           right(bytes, 10) + "\n";
  };
  const auto tally_of = [&](std::string_view name, std::string_view action, const RuleTally& tally) {
    row(name, action, tally.flows, grouped(tally.matched.packets), bytes_text(tally.matched.bytes));
  };
  for (std::size_t i = 0; i < rules.rules().size(); ++i) {
    const Rule& rule = rules.rules()[i];
    if (rule.action == RuleAction::log) {
      row(rule.name, to_string(rule.action), run.log_hits[i], "-", "-");  // the packets are another rule's
    } else {
      tally_of(rule.name, to_string(rule.action), run.statistics.rules[i]);
    }
  }
  tally_of("(default)", to_string(rules.policy().default_action), run.statistics.default_rule);
}

void tables(std::string& out, const RunTotals& run, const RuleSet& rules) {
  flows(out, run.statistics);
  applications(out, run.statistics, rules);
  domains(out, run.statistics);
  rule_rows(out, run, rules);
}

}  // namespace

std::string text_report(const OfflineRun& run, const RuleSet& rules) {
  std::string out;
  summary(out, run);
  packets(out, run.statistics, run.left_out);
  tables(out, run, rules);
  return out;
}

std::string text_report(const GatewayRun& run, const RuleSet& rules) {
  std::string out;
  summary(out, run);
  packets(out, run.statistics, 0);
  kernel(out, run.kernel);
  tables(out, run, rules);
  return out;
}

}  // namespace netscope
