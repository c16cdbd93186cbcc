#include "app/gateway/kernel_table.h"

#include <string>
#include <utility>

#include "linux/netfilter/conntrack.h"

namespace netscope {
namespace {

constexpr std::chrono::seconds kAheadRemembered{60};

}  // namespace

Result<void> KernelTable::prepare(const LiveSettings& settings, const QueueRange& queues, bool fail_open) {
  auto choice = netfilter::choose(settings, queues, netfilter::probe());
  if (!choice) return std::unexpected(choice.error());
  choice_ = std::move(*choice);
  marks_ = settings.marks;
  auto table = netfilter::Table::make(*choice_, {.live = settings, .queues = queues, .bypass = fail_open});
  if (!table) return std::unexpected(table.error());
  table_.emplace(std::move(*table));
  return {};
}

Result<void> KernelTable::clear_marks() const {
  if (const auto cleared = netfilter::clear_marks(marks_); !cleared && choice_->offload != Offload::off) {
    return std::unexpected(cleared.error());
  }
  return {};
}

Result<void> KernelTable::empty_flow_table() {
  if (choice_->offload != Offload::flowtable) return {};
  return table_->empty_flow_table();
}

Result<void> KernelTable::read_counters(IfGone if_gone) {
  is_read_ = false;
  const auto counters = table_->counters();
  if (!counters) return {};
  if (*counters) {
    passed_ = **counters;
    is_read_ = true;
    watch_place(if_gone);
    has_neighbours_ = passed_.has_neighbours;
    return {};
  }
  return if_gone == IfGone::put_back ? put_back() : Result<void>{};
}

// Whatever is inserted later, as iptables -I does, stands ahead of us, and its ACCEPT ends a packet's way before we see
// it. Two programs that both want to be the first take turns, which is told once a minute.
void KernelTable::watch_place(IfGone if_gone) {
  const auto now = std::chrono::steady_clock::now();
  if (passed_.ahead.empty() || if_gone == IfGone::leave) {
    if (now - ahead_seen_ >= kAheadRemembered) stood_ahead_.clear();
    return;
  }
  const auto moved = table_->to_front();
  const bool told = !stood_ahead_.empty() && now - ahead_told_ < kAheadRemembered;
  stood_ahead_ = passed_.ahead.front();
  ahead_seen_ = now;
  if (told) return;
  ahead_told_ = now;
  std::string found;
  for (const std::string& rule : passed_.ahead) found += (found.empty() ? "" : ", ") + rule;
  console_.log(LogLevel::warning,
               "somebody put rules ahead of the program's in the table mangle of iptables, by which packets pass "
               "unjudged: " +
                   found + "; " +
                   (moved ? "the program's are the first again, after a few seconds at most"
                          : "the program's cannot be moved, which is tried again every few seconds: " +
                                to_string(moved.error())));
}

// Without it nothing is filtered, whatever the rules say.
Result<void> KernelTable::put_back() {
  const bool known = std::exchange(is_lost_, true);
  if (!known) {
    console_.log(LogLevel::warning,
                 "somebody took the program's rules of " + std::string(to_string(choice_->backend)) +
                     " out of the kernel, as \"nft flush ruleset\" and other firewalls do when they load their own; "
                     "nothing was filtered since, for a few seconds at most");
  }
  if (const auto installed = table_->install(); !installed) {
    if (known) return {};
    return failure("they cannot be put back, which is tried again every few seconds; nothing is filtered until then: " +
                   to_string(installed.error()));
  }
  is_lost_ = false;
  passed_before_ += std::exchange(passed_, {});
  ++tables_;
  console_.log(LogLevel::info,
               "the rules are back; connections that began meanwhile are judged by what they still show");
  return {};
}

std::optional<QueueLosses::Sent> KernelTable::sent() const {
  if (choice_->backend == Backend::none || !is_read_) return std::nullopt;
  return QueueLosses::Sent{.packets = passed_.queued.packets, .table = tables_};
}

std::optional<KernelTable::Stops> KernelTable::stops() const {
  if (choice_->backend == Backend::none || !is_read_) return std::nullopt;
  return Stops{.rejected = passed_.rejected.packets, .stopped = passed_.stopped.packets, .table = tables_};
}

void KernelTable::fill(KernelView& view) const {
  netfilter::TableCounters sum = passed_before_;
  sum += passed_;
  const auto counter = [](const netfilter::Passed& passed) {
    return Counter{.packets = passed.packets, .bytes = passed.bytes};
  };
  view.passed = counter(sum.passed);
  view.dropped = counter(sum.dropped);
  view.rejected = counter(sum.rejected);
}

}  // namespace netscope
