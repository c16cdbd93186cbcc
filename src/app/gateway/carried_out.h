// Whether what was answered as blocked was stopped.
//
// Such an answer is a packet that goes on with a mark, and our rules stop it where they see the mark. Rules of others
// can take the mark away, or a packet past ours; then statistics and events tell of a block that was none. Both ends
// count, and what the rules stopped stays behind what they had to stop. Answers without a mark are the queue's own
// affair.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace netscope {

class CarriedOut {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kRemembered{60};  // how long a trouble is told after its last packet

  // Packets. Answers are of all workers since the start; what the rules count is since they were installed, `table`
  // times before.
  struct Reading {
    std::uint64_t answered = 0;  // with a mark that blocks; read before the rules
    std::uint64_t refused = 0;   // answers of any kind for which there was no packet any more
    std::uint64_t rejected = 0;  // of judged flows, which the rules mark themselves
    std::uint64_t stopped = 0;   // by any such mark
    unsigned table = 0;
  };
  // What is in flight counts as stopped: what had to be stopped is taken from the reading before.
  void see(const Reading& reading, Time now);

  // Packets that were to be stopped and were not seen again, since the start: at least.
  std::uint64_t missing() const { return missing_; }
  // For a person, while there are more of them and a while after.
  std::optional<std::string> trouble() const;

 private:
  static std::uint64_t to_stop(const Reading& reading) { return reading.answered + reading.rejected; }

  Reading before_;
  // Where this table's counting begins. A table that was put back begins with the answers of the reading behind its
  // first, since what it stopped until then was answered until then.
  std::uint64_t to_stop_at_first_ = 0, stopped_at_first_ = 0, refused_at_first_ = 0, missing_at_first_ = 0;
  bool is_first_ = false;
  std::uint64_t missing_ = 0;
  std::optional<Time> last_;
};

}  // namespace netscope
