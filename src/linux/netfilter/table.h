// The kernel's rules as they are: what it can do, and the table of ours in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux/netfilter/rules.h"
#include "netscope/base/result.h"

namespace netscope::nft {

// Whether something works, found out by trying; `why` says what was in the way.
struct Ability {
  bool works = false;
  std::string why{};
};

struct Probe {
  Ability nft;        // a table with connection marks and rejects
  Ability nft_queue;  // queues in it
  Ability symhash;    // spread by five-tuple
  Ability flowtable;
  Ability iptables;   // queues by iptables
  Ability ip6tables;  // and by ip6tables
  Ability conntrack;  // marks of connections can be listed and cleared
};

// Asks the kernel, with rules that are checked and never loaded. Takes some tens of milliseconds.
Probe probe();

// What a run uses, and why.
struct Choice {
  Backend backend = Backend::nft;  // never automatic
  Fanout fanout = Fanout::flow;
  Offload offload = Offload::mark;
  bool ipv6 = true;                    // the iptables backend: ip6tables works
  std::vector<std::string> reasons{};  // a line each
};

// Fails when nothing that the settings allow works here, with what is in the way of each and the remedy.
Result<Choice> choose(const LiveSettings& settings, const QueueRange& queues, const Probe& probe);

// Interfaces that a flow table may span: those named, else all that are there but the loopback.
std::vector<std::string> flow_devices(const LiveSettings& settings);

struct Passed {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};
// Packets of judged flows, which the kernel dealt with alone.
struct TableCounters {
  Passed passed, dropped, rejected;

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
  // No error when there is nothing to remove.
  Result<void> remove();
  // Since install(). Empty: somebody else took the table, its rules, or what leads to our chains out of the kernel, as
  // "nft flush ruleset" and a reload of other firewalls do.
  Result<std::optional<TableCounters>> counters() const;

 private:
  class Way;
  class NftWay;
  class IptablesWay;
  class NoWay;
  explicit Table(std::unique_ptr<Way> way);

  std::unique_ptr<Way> way_;
};

}  // namespace netscope::nft
