// The table of ours in the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux/netfilter/choice.h"
#include "linux/netfilter/table_settings.h"
#include "netscope/base/result.h"

namespace netscope::netfilter {

struct Passed {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};
struct TableCounters {
  Passed passed, dropped, rejected;  // packets of judged flows, which the kernel dealt with alone
  Passed queued;                     // sent to the queues, whether these could take them or not
  Passed stopped;                    // because of a mark that drops or rejects: all of `rejected`, and answers
  // iptables: somebody else has rules in the chains of mangle that lead to ours, which queued packets are to be shown.
  bool has_neighbours = false;
  // iptables: rules of somebody else by which packets can miss ours; see to_front(). A line each, the first few.
  std::vector<std::string> ahead{};

  TableCounters& operator+=(const TableCounters& other);
};

// Our table, or our chains. Changing them needs CAP_NET_ADMIN; for iptables, which is a program, a process of its own
// keeps the privileges of when this object was made.
class Table {
 public:
  // `settings` with what was chosen in its place. To be made while this process has one thread and no queue open.
  static Result<Table> make(const Choice& choice, TableSettings settings);
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  ~Table();

  // In one transaction, in place of whatever a run before left.
  Result<void> install();
  // With Offload::flowtable, in one transaction: its flows are seen by the rules again, and counters go on.
  Result<void> empty_flow_table();
  // iptables: makes our rules the first again, where something stands ahead of them.
  Result<void> to_front();
  // No error when there is nothing to remove.
  Result<void> remove();
  // Since install(). Empty: somebody else took the table, its rules, or what leads to our chains out of the kernel, as
  // "nft flush ruleset" and a reload of other firewalls do.
  Result<std::optional<TableCounters>> counters() const;

 private:
  class Driver;
  class NftDriver;
  class IptablesDriver;
  class NoDriver;
  explicit Table(std::unique_ptr<Driver> driver);

  std::unique_ptr<Driver> driver_;
};

}  // namespace netscope::netfilter
