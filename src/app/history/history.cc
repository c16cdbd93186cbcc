#include "app/history/history.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "netscope/output/json.h"

namespace netscope {
namespace {

constexpr int kLayout = 1;  // of the tables, in the file's user_version
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::size_t kAppsTold = 12;

std::int64_t seconds_of(HistoryStep step) {
  switch (step) {
    case HistoryStep::minute: return 60;
    case HistoryStep::hour: return 3600;
  }
  return 60;
}

std::chrono::seconds kept(HistoryStep step) {
  switch (step) {
    case HistoryStep::minute: return kMinutesKept;
    case HistoryStep::hour: return kHoursKept;
  }
  return kMinutesKept;
}

std::int64_t begin_of_step(HistoryStep step, Time now) {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return second - second % seconds_of(step);
}

// One statement, prepared, bound, stepped, and given back.
class Statement {
 public:
  Statement(sqlite3* database, const char* text) { sqlite3_prepare_v2(database, text, -1, &statement_, nullptr); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  void bind(int place, std::int64_t value) { sqlite3_bind_int64(statement_, place, value); }
  void bind(int place, const std::string& value) {
    sqlite3_bind_text(statement_, place, value.c_str(), -1, SQLITE_TRANSIENT);
  }
  int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
  void again() { sqlite3_reset(statement_); }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* const text = sqlite3_column_text(statement_, column);
    return text == nullptr ? std::string{} : std::string(reinterpret_cast<const char*>(text));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

using Series = std::vector<std::array<std::uint64_t, 3>>;

void write_series(JsonWriter& json, const Series& series) {
  constexpr std::array<std::string_view, 3> kNames{"pkts", "bytes", "blocked"};
  for (std::size_t column = 0; column < kNames.size(); ++column) {
    json.begin_array(kNames[column]);
    for (const auto& step : series) json.number(step[column]);
    json.end_array();
  }
}

}  // namespace

HistorySample history_sample(const Statistics& s, const KernelView& kernel, const Catalogue& catalogue) {
  HistorySample sample;
  sample.packets = s.all.packets + kernel.passed.packets + kernel.dropped.packets + kernel.rejected.packets;
  sample.bytes = s.all.bytes + kernel.passed.bytes + kernel.dropped.bytes + kernel.rejected.bytes;
  sample.blocked = s.blocked_packets() + kernel.dropped.packets + kernel.rejected.packets;
  for (std::size_t i = 0; i < s.apps.size(); ++i) {
    if (s.apps[i].packets > 0) sample.apps.emplace_back(catalogue.apps()[i].name, s.apps[i]);
  }
  return sample;
}

void History::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

Error History::failed(const char* what) const {
  return Error{.message = std::string(what) + ": " + sqlite3_errmsg(database_.get()), .file = file_};
}

Result<void> History::execute(const std::string& statement) const {
  if (sqlite3_exec(database_.get(), statement.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(failed("the history cannot be written"));
  }
  return {};
}

Result<void> History::prepare_tables() {
  Statement check(database_.get(), "PRAGMA quick_check(1)");
  if (check.step() != SQLITE_ROW || check.text(0) != "ok") return std::unexpected(failed("the history is damaged"));
  Statement layout(database_.get(), "PRAGMA user_version");
  if (layout.step() != SQLITE_ROW) return std::unexpected(failed("the history cannot be read"));
  if (layout.number(0) != 0 && layout.number(0) != kLayout) return failure(file_ + ": is of another version");
  return execute("PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=NORMAL; PRAGMA user_version=" +
                 std::to_string(kLayout) + "; PRAGMA max_page_count=" + std::to_string(kMaxHistoryBytes / kPageBytes) +
                 ";"
                 "CREATE TABLE IF NOT EXISTS history(step INTEGER, at INTEGER, app TEXT, pkts INTEGER, bytes INTEGER,"
                 " blocked INTEGER, PRIMARY KEY(step, at, app)) WITHOUT ROWID;");
}

Result<History> History::open(const std::string& file, std::string& warning) {
  for (int attempt = 0;; ++attempt) {
    History history;
    history.file_ = file;
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    history.database_.reset(database);
    if (opened != SQLITE_OK) return std::unexpected(history.failed("the history cannot be opened"));
    const auto ready = history.prepare_tables();
    if (ready) return history;
    const std::string aside = file + ".broken";
    if (attempt > 0 || std::rename(file.c_str(), aside.c_str()) != 0) return std::unexpected(ready.error());
    warning = to_string(ready.error()) + "; it was set aside as " + aside + ", and a new history begins";
  }
}

Result<void> History::add(const HistorySample& sample, Time now) {
  const HistorySample before = std::exchange(last_, sample).value_or(HistorySample{});
  std::map<std::string_view, Tally> apps_before;
  for (const auto& [app, tally] : before.apps) apps_before[app] = tally;
  std::vector<std::pair<std::string, Tally>> added;
  for (const auto& [app, tally] : sample.apps) {
    const Tally& old = apps_before[app];
    added.emplace_back(app, Tally{.packets = grown(tally.packets, old.packets),
                                  .bytes = grown(tally.bytes, old.bytes),
                                  .blocked = grown(tally.blocked, old.blocked)});
  }
  std::erase_if(added, [](const auto& entry) { return entry.second.packets == 0; });
  std::ranges::sort(added, std::greater{}, [](const auto& entry) { return entry.second.bytes; });
  if (added.size() > kAppsPerMinute) added.resize(kAppsPerMinute);
  added.emplace_back("", Tally{.packets = grown(sample.packets, before.packets),
                               .bytes = grown(sample.bytes, before.bytes),
                               .blocked = grown(sample.blocked, before.blocked)});
  if (auto begun = execute("BEGIN"); !begun) return begun;
  Statement insert(database_.get(),
                   "INSERT INTO history VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET pkts = pkts + ?4, "
                   "bytes = bytes + ?5, blocked = blocked + ?6");
  for (const HistoryStep step : {HistoryStep::minute, HistoryStep::hour}) {
    for (const auto& [app, tally] : added) {
      insert.again();
      insert.bind(1, seconds_of(step));
      insert.bind(2, begin_of_step(step, now));
      insert.bind(3, app);
      insert.bind(4, static_cast<std::int64_t>(tally.packets));
      insert.bind(5, static_cast<std::int64_t>(tally.bytes));
      insert.bind(6, static_cast<std::int64_t>(tally.blocked));
      if (insert.step() != SQLITE_DONE) {
        const Error error = failed("the history cannot be written");
        static_cast<void>(execute("ROLLBACK"));
        return std::unexpected(error);
      }
    }
    Statement forget(database_.get(), "DELETE FROM history WHERE step = ?1 AND at <= ?2");
    forget.bind(1, seconds_of(step));
    forget.bind(2, begin_of_step(step, now) - kept(step).count());
    forget.step();
  }
  auto committed = execute("COMMIT");
  if (!committed) static_cast<void>(execute("ROLLBACK"));  // or the next minute could not begin
  return committed;
}

Result<std::string> History::to_json(HistoryStep step, Time now) const {
  const std::int64_t width = seconds_of(step);
  const auto count = static_cast<std::size_t>(kept(step).count() / width);
  const std::int64_t start = begin_of_step(step, now) - static_cast<std::int64_t>(count - 1) * width;
  std::map<std::string, Series> apps;
  Series all(count);
  Statement select(database_.get(), "SELECT at, app, pkts, bytes, blocked FROM history WHERE step = ?1 AND at >= ?2");
  select.bind(1, width);
  select.bind(2, start);
  int result = SQLITE_ROW;
  while ((result = select.step()) == SQLITE_ROW) {
    const auto place = static_cast<std::size_t>((select.number(0) - start) / width);
    if (place >= count) continue;  // the clock was set back
    const std::string app = select.text(1);
    Series& series = app.empty() ? all : apps.try_emplace(app, count).first->second;
    for (int column = 0; column < 3; ++column) {
      series[place][static_cast<std::size_t>(column)] = static_cast<std::uint64_t>(select.number(2 + column));
    }
  }
  if (result != SQLITE_DONE) return std::unexpected(failed("the history cannot be read"));
  std::vector<std::pair<std::uint64_t, const std::string*>> heaviest;
  for (const auto& [app, series] : apps) {
    std::uint64_t bytes = 0;
    for (const auto& one : series) bytes += one[1];
    heaviest.emplace_back(bytes, &app);
  }
  std::ranges::sort(heaviest, std::greater{}, [](const auto& entry) { return entry.first; });
  if (heaviest.size() > kAppsTold) heaviest.resize(kAppsTold);
  JsonWriter json;
  json.begin_object();
  json.number("start", static_cast<std::uint64_t>(start));
  json.number("step", static_cast<std::uint64_t>(width));
  write_series(json, all);
  json.begin_array("apps");
  for (const auto& [bytes, app] : heaviest) {
    json.begin_object();
    json.text("app", *app);
    write_series(json, apps.at(*app));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return std::string(json.result());
}

}  // namespace netscope
