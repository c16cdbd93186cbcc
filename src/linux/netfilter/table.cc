// By nft's library or by the programs of iptables.
#include "linux/netfilter/table.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <sstream>

#include "linux/netfilter/iptables_text.h"
#include "linux/netfilter/nft_commands.h"
#include "linux/netfilter/nft_text.h"
#include "linux/os/descriptor.h"
#include "linux/os/process.h"

namespace netscope::netfilter {

class Table::Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;
  virtual Result<void> install() = 0;
  virtual Result<void> remove() = 0;
  virtual Result<void> empty_flow_table() { return {}; }
  virtual Result<void> to_front() { return {}; }
  virtual Result<std::optional<TableCounters>> counters() const = 0;
};

namespace {

template <class T>
Result<void> without_value(Result<T> result) {
  if (!result) return std::unexpected(std::move(result.error()));
  return {};
}

// The number behind `word`, such as "packets 12".
std::uint64_t number_behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  std::uint64_t number = 0;
  if (at != std::string_view::npos) {
    const char* const begin = text.data() + at + word.size();
    std::from_chars(begin, text.data() + text.size(), number);
  }
  return number;
}

}  // namespace

// --- nft

class Table::NftDriver : public Table::Driver {
 public:
  NftDriver(NftCommands commands, TableSettings settings)
      : commands_(std::move(commands)), settings_(std::move(settings)) {}

  // `add` before `delete`: the pair is right whether the table is there or not.
  Result<void> install() override {
    const auto done = commands_.run(forget() + nft_table(settings_));
    if (!done) return std::unexpected(done.error());
    const auto listed = listing();
    parts_ = listed ? parts_of(*listed) : 0;
    return {};
  }
  Result<void> remove() override { return without_value(commands_.run(forget())); }

  // The chains stay: taken away, they would take along what waits in the queues.
  Result<void> empty_flow_table() override {
    const std::string name = "inet " + std::string(kTableName);
    const std::string empty = "flush table " + name + "\ndelete flowtable " + name + " accepted\n";
    return without_value(commands_.run(empty + nft_table(settings_)));
  }

  Result<std::optional<TableCounters>> counters() const override {
    const auto listed = listing();
    if (!listed) return std::unexpected(listed.error());
    if (parts_of(*listed) < parts_) return std::nullopt;
    const auto named = [&](const std::string& name) {
      const std::size_t at = listed->find("counter " + name + " {");
      const std::string_view rest = std::string_view(*listed).substr(at == std::string::npos ? listed->size() : at);
      const std::string_view block = rest.substr(0, rest.find('}'));
      return Passed{.packets = number_behind(block, "packets "), .bytes = number_behind(block, "bytes ")};
    };
    return TableCounters{.passed = named("passed"),
                         .dropped = named("dropped"),
                         .rejected = named("rejected"),
                         .queued = named("queued"),
                         .stopped = named("stopped")};
  }

 private:
  // Our table; empty when there is none.
  Result<std::string> listing() const {
    const auto tables = commands_.run("list tables inet");
    if (!tables || !tables->contains("table inet " + std::string(kTableName) + "\n")) return tables ? "" : tables;
    return commands_.run("list table inet " + std::string(kTableName));
  }
  // What must not be missing later: the table, and the lines that lead to the queues.
  static std::size_t parts_of(const std::string& listing) {
    std::size_t count = listing.empty() ? 0 : 1;
    for (const char* line : {"\t\tqueue ", "goto to_queue"}) {
      for (std::size_t at = 0; (at = listing.find(line, at)) != std::string::npos; ++at) ++count;
    }
    return count;
  }
  static std::string forget() {
    const std::string name = "table inet " + std::string(kTableName);
    return "add " + name + "\ndelete " + name + "\n";
  }

  NftCommands commands_;
  TableSettings settings_;
  std::size_t parts_ = 0;  // as the kernel listed them once they were installed, in whatever words
};

// --- iptables

namespace {

// Puts our chains in, takes them out and reads their counters, by the programs of iptables.
class Chains {
 public:
  Chains(TableSettings settings, bool ipv6) : settings_(std::move(settings)) {
    families_.push_back({.version = IpVersion::v4, .save = "iptables-save", .restore = "iptables-restore"});
    if (ipv6) families_.push_back({.version = IpVersion::v6, .save = "ip6tables-save", .restore = "ip6tables-restore"});
  }

  Result<std::string> install() const {
    for (const Family& family : families_) {
      const auto listing = os::run_program({family.save});
      if (!listing) return listing;
      const std::string text = rules_of(family, iptables_jumps(*listing));
      if (auto done = os::run_program({family.restore, "--noflush"}, text); !done) return done;
    }
    return "";
  }

  Result<std::string> remove() const {
    Result<std::string> result = "";
    for (const Family& family : families_) {
      const auto listing = os::run_program({family.save});
      if (!listing) return listing;
      const std::string text = iptables_removal(*listing);
      if (text.empty()) continue;
      if (auto done = os::run_program({family.restore, "--noflush"}, text); !done) result = std::move(done);
    }
    return result;
  }

  Result<std::string> to_front() const {
    for (const Family& family : families_) {
      const auto listing = os::run_program({family.save, "-t", "mangle"});
      if (!listing) return listing;
      const std::string text = iptables_to_front(*listing, settings_.live.hooks);
      if (text.empty()) continue;
      if (auto done = os::run_program({family.restore, "--noflush"}, text); !done) return done;
    }
    return "";
  }

  // A line of eleven numbers: packets and bytes passed, dropped, rejected, queued, stopped, and the rules of
  // neighbours. Behind it the first rules that stand ahead of ours, a line each. Nothing where what leads to our chains
  // is gone.
  Result<std::string> counters() const {
    TableCounters sum;
    std::size_t neighbours = 0;
    std::vector<std::string> ahead;
    for (const Family& family : families_) {
      const auto listing = os::run_program({family.save, "-c"});
      if (!listing) return listing;
      if (!iptables_is_whole(*listing, settings_, rules_of(family, {}))) return "";
      add_up(*listing, sum);
      neighbours += iptables_neighbours(*listing, settings_.live.hooks);
      for (const IptablesRule& rule : iptables_ahead(*listing, settings_.live.hooks)) ahead.push_back(rule.rule);
    }
    std::ostringstream out;
    for (const Passed* passed : {&sum.passed, &sum.dropped, &sum.rejected, &sum.queued, &sum.stopped}) {
      out << passed->packets << ' ' << passed->bytes << ' ';
    }
    out << neighbours;
    if (ahead.size() > kRulesTold) ahead.resize(kRulesTold);
    for (const std::string& rule : ahead) out << '\n' << rule.substr(0, kRuleTold);
    return out.str();
  }

 private:
  static constexpr std::size_t kRulesTold = 4, kRuleTold = 200;  // of those ahead, and characters of each

  struct Family {
    IpVersion version;
    std::string save, restore;
  };

  std::string rules_of(const Family& family, std::span<const IptablesRule> before) const {
    return iptables_rules(settings_, family.version, before);
  }

  void add_up(const std::string& listing, TableCounters& sum) const {
    std::istringstream lines(listing);
    std::string line;
    while (std::getline(lines, line)) {
      Passed* const to = counted_as(line, sum);
      if (to == nullptr) continue;
      to->packets += number_behind(line, "[");
      to->bytes += number_behind(line, ":");
    }
  }

  // "[12:3456] -A NETSCOPE-JUDGE -m connmark --mark 0x1000000/0xff000000 -j RETURN", or "... -j NFQUEUE --queue-num 0".
  // Null for other rules.
  Passed* counted_as(std::string_view line, TableCounters& sum) const {
    if (line.find("-A NETSCOPE-") == std::string_view::npos) return nullptr;
    if (line.find(" -j NFQUEUE ") != std::string_view::npos) return &sum.queued;
    for (const std::string_view end : {"-A NETSCOPE-VERDICT ", "-A NETSCOPE-LEAVE "}) {
      if (line.find(end) != std::string_view::npos && line.ends_with(" -j DROP")) return &sum.stopped;
    }
    if (line.find("-A NETSCOPE-REJECT ") != std::string_view::npos) return &sum.stopped;
    constexpr std::string_view kJudged = "-A NETSCOPE-JUDGE -m connmark --mark 0x";
    const std::size_t at = line.find(kJudged);
    if (at == std::string_view::npos) return nullptr;
    std::uint32_t mark = 0;
    std::from_chars(line.data() + at + kJudged.size(), line.data() + line.size(), mark, 16);
    const Marks& marks = settings_.live.marks;
    return mark == marks.accept_flow()   ? &sum.passed
           : mark == marks.drop_flow()   ? &sum.dropped
           : mark == marks.reject_flow() ? &sum.rejected
                                         : nullptr;
  }

  TableSettings settings_;
  std::vector<Family> families_;
};

enum class Order : char { install = 'i', remove = 'r', counters = 'c', to_front = 'f' };

// What the keeper does until its parent is gone. It leaves the rules as they are then: after a crash they still say
// what becomes of packets that nobody judges.
[[noreturn]] void keep(const Chains& chains, int socket) {
  std::signal(SIGPIPE, SIG_IGN);
  for (;;) {
    char order = 0;
    const ssize_t size = ::recv(socket, &order, 1, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) ::_exit(0);
    const auto result = order == static_cast<char>(Order::install)    ? chains.install()
                        : order == static_cast<char>(Order::remove)   ? chains.remove()
                        : order == static_cast<char>(Order::to_front) ? chains.to_front()
                                                                      : chains.counters();
    const std::string answer = result ? "+" + *result : "-" + result.error().message;
    if (::send(socket, answer.data(), answer.size(), 0) < 0) ::_exit(0);
  }
}

}  // namespace

class Table::IptablesDriver : public Table::Driver {
 public:
  static Result<std::unique_ptr<Driver>> make(const TableSettings& settings, bool ipv6) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return std::unexpected(Error{"cannot make a socket pair: " + std::string(std::strerror(errno))});
    }
    os::Descriptor ours(ends[0]), theirs(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return std::unexpected(Error{"cannot fork: " + std::string(std::strerror(errno))});
    if (child == 0) {
      ours = os::Descriptor();
      keep(Chains(settings, ipv6), theirs.get());
    }
    return std::unique_ptr<Driver>(new IptablesDriver(std::move(ours), child));
  }
  ~IptablesDriver() override {
    socket_ = os::Descriptor();
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  Result<void> install() override { return without_value(ask(Order::install)); }
  Result<void> remove() override { return without_value(ask(Order::remove)); }
  Result<void> to_front() override { return without_value(ask(Order::to_front)); }
  Result<std::optional<TableCounters>> counters() const override {
    const auto answer = ask(Order::counters);
    if (!answer) return std::unexpected(answer.error());
    if (answer->empty()) return std::nullopt;
    TableCounters counters;
    std::istringstream numbers(*answer);
    for (Passed* passed :
         {&counters.passed, &counters.dropped, &counters.rejected, &counters.queued, &counters.stopped}) {
      numbers >> passed->packets >> passed->bytes;
    }
    std::size_t neighbours = 0;
    numbers >> neighbours;
    counters.has_neighbours = neighbours > 0;
    std::string rule;
    std::getline(numbers, rule);  // what is left of the numbers
    while (std::getline(numbers, rule)) counters.ahead.push_back(rule);
    return counters;
  }

 private:
  IptablesDriver(os::Descriptor socket, pid_t child) : socket_(std::move(socket)), child_(child) {}

  Result<std::string> ask(Order order) const {
    const auto letter = static_cast<char>(order);
    std::array<char, 16384> buffer;
    ssize_t size = ::send(socket_.get(), &letter, 1, MSG_NOSIGNAL);
    if (size == 1) {
      do {
        size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      } while (size < 0 && errno == EINTR);
    }
    if (size <= 0) return std::unexpected(Error{"the process that keeps the iptables rules is gone"});
    std::string text(buffer.data() + 1, static_cast<std::size_t>(size - 1));
    if (buffer[0] == '+') return text;
    return std::unexpected(Error{text});
  }

  os::Descriptor socket_;
  pid_t child_;
};

// --- none

class Table::NoDriver : public Table::Driver {
 public:
  Result<void> install() override { return {}; }
  Result<void> remove() override { return {}; }
  Result<std::optional<TableCounters>> counters() const override { return TableCounters{}; }
};

// --- whichever

TableCounters& TableCounters::operator+=(const TableCounters& other) {
  for (const auto member : {&TableCounters::passed, &TableCounters::dropped, &TableCounters::rejected,
                            &TableCounters::queued, &TableCounters::stopped}) {
    (this->*member).packets += (other.*member).packets;
    (this->*member).bytes += (other.*member).bytes;
  }
  has_neighbours = other.has_neighbours;
  ahead = other.ahead;
  return *this;
}

Table::Table(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

Result<Table> Table::make(const Choice& choice, TableSettings settings) {
  settings.live.fanout = choice.fanout;
  settings.live.offload = choice.offload;
  settings.sees_initials = choice.sees_initials;
  settings.strips_mptcp = choice.strips_mptcp;
  if (choice.backend == Backend::none) return Table(std::make_unique<NoDriver>());
  if (choice.backend == Backend::iptables) {
    auto driver = IptablesDriver::make(settings, choice.ipv6);
    if (!driver) return std::unexpected(driver.error());
    return Table(std::move(*driver));
  }
  if (choice.offload == Offload::flowtable) settings.flow_devices = flow_devices(settings.live);
  auto commands = NftCommands::open();
  if (!commands) return std::unexpected(commands.error());
  return Table(std::make_unique<NftDriver>(std::move(*commands), std::move(settings)));
}

Result<void> Table::install() {
  return driver_->install();
}

Result<void> Table::empty_flow_table() {
  return driver_->empty_flow_table();
}

Result<void> Table::to_front() {
  return driver_->to_front();
}

Result<void> Table::remove() {
  return driver_->remove();
}

Result<std::optional<TableCounters>> Table::counters() const {
  return driver_->counters();
}

}  // namespace netscope::netfilter
