// What happened by the minute and by the hour, kept over restarts: a small SQLite file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "netscope/base/result.h"
#include "netscope/base/time.h"
#include "netscope/engine/statistics.h"
#include "netscope/output/kernel_view.h"

struct sqlite3;

namespace netscope {

inline constexpr std::chrono::hours kMinutesKept{24}, kHoursKept{7 * 24};
// The file never grows beyond; what cannot be written then is left.
inline constexpr std::uint64_t kMaxHistoryBytes = std::uint64_t{50} << 20;
// Applications of one minute that are kept, the heaviest.
inline constexpr std::size_t kAppsPerMinute = 50;

enum class HistoryStep : std::uint8_t { minute, hour };

// Cumulative numbers at one moment; the history keeps what was added between two.
struct HistorySample {
  std::uint64_t packets = 0, bytes = 0, blocked = 0;
  std::vector<std::pair<std::string, Tally>> apps;
};
HistorySample history_sample(const Statistics& statistics, const KernelView& kernel, const Catalogue& catalogue);

class History {
 public:
  // Opens or makes the file. One that is damaged or of another program is set aside as FILE.broken, which `warning`
  // then says.
  static Result<History> open(const std::string& file, std::string& warning);

  // Adds what came since the last call to the minute and the hour of `now`, and forgets what is too old.
  Result<void> add(const HistorySample& sample, Time now);
  // {"start":SECONDS,"step":60|3600,"pkts":[],"bytes":[],"blocked":[],"apps":[{"app","pkts":[],...}]}: steps without a
  // gap, the last one that of `now`.
  Result<std::string> to_json(HistoryStep step, Time now) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Result<void> prepare_tables();
  Result<void> execute(const std::string& statement) const;
  Error failed(const char* what) const;

  std::unique_ptr<sqlite3, Close> database_;
  std::string file_;
  std::optional<HistorySample> last_;
};

}  // namespace netscope
