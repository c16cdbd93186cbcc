// The kernel's rules over the time of a run: installed, counted, put back where somebody took them away, and removed.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/gateway/console.h"
#include "app/gateway/queue_losses.h"
#include "linux/netfilter/table.h"
#include "netscope/output/kernel_view.h"

namespace netscope {

class KernelTable {
 public:
  // Warnings go to `console`, which outlives it.
  explicit KernelTable(Console& console) : console_(console) {}

  // Chooses how, by what works here. To be called before threads are started and queues are open.
  Result<void> prepare(const LiveSettings& settings, const QueueRange& queues, bool fail_open);
  // As prepared.
  const netfilter::Choice& choice() const { return *choice_; }

  Result<void> install() { return table_->install(); }
  Result<void> remove() { return table_->remove(); }
  // Forgets the verdicts of all connections, so that each is judged anew.
  Result<void> clear_marks() const;
  // The same for those that a flow table carries; after clear_marks(), or they would enter it again.
  Result<void> empty_flow_table();

  // Reads the counters. Listing them can take a program or two: not every second.
  enum class IfGone : bool { leave, put_back };
  // An error when somebody took the table away and it cannot be put back; once, until it is there again.
  Result<void> read_counters(IfGone if_gone);
  // Writes what was read into a view: since the start, over all tables.
  void fill(KernelView& view) const;
  // Whether queued packets have to be shown to rules of others; see TableCounters. True until it is known.
  bool has_neighbours() const { return has_neighbours_; }
  // What it sent to the queues, where it is ours and has not just been put back.
  std::optional<QueueLosses::Sent> sent() const;
  // Rules of somebody else stood ahead of it within the last minute, one of them as iptables writes it; else empty.
  const std::string& stood_ahead() const { return stood_ahead_; }
  // Packets that it marked to be rejected, and that it stopped by a mark; as sent().
  struct Stops {
    std::uint64_t rejected = 0, stopped = 0;
    unsigned table = 0;
  };
  std::optional<Stops> stops() const;
  // Somebody took it away, and nothing is filtered.
  bool is_lost() const { return is_lost_; }

 private:
  Result<void> put_back();
  void watch_place(IfGone if_gone);

  Console& console_;
  Marks marks_{};
  std::optional<netfilter::Choice> choice_;
  std::optional<netfilter::Table> table_;
  netfilter::TableCounters passed_;         // since the table was installed, as last read
  netfilter::TableCounters passed_before_;  // of tables that were taken away
  bool has_neighbours_ = true;
  bool is_lost_ = false;
  std::string stood_ahead_;
  std::chrono::steady_clock::time_point ahead_seen_{}, ahead_told_{};
  bool is_read_ = false;  // passed_ is this table's
  unsigned tables_ = 0;   // that were put back
};

}  // namespace netscope
