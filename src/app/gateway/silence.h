// A filter to which nothing comes: what is said of it, and how often.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "app/gateway/console.h"
#include "app/gateway/surroundings.h"

namespace netscope {

class Silence {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPatience{10};

  explicit Silence(Time start) : since_(start) {}

  // `packets`: that came to the queues or were dealt with by our rules, since the start. True once for each silence,
  // when it has lasted for kPatience: explain() is due.
  bool is_long(std::uint64_t packets, Time now);

  struct Line {
    LogLevel level = LogLevel::info;
    std::string text;
  };
  // What to log: a warning where something is in the way, each once in a run; one line of information in a run where
  // nobody may be using the network; else nothing.
  std::optional<Line> explain(std::span<const Obstacle> obstacles, const LiveSettings& settings,
                              const QueueRange& queues);
  // For a person, as long as nothing comes and something is in the way.
  const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  Time since_;
  std::uint64_t packets_ = 0;
  bool told_ = false, idle_told_ = false;
  std::string warned_of_;
  std::optional<std::string> trouble_;
};

// Traffic of which the filter sees one direction alone.
class OneDirection {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kWindow{30};
  static constexpr std::uint64_t kEnough = 50;  // packets of TCP in a window that say something

  // Totals since the start: packets of TCP, and those among them that answer what their worker never saw.
  void see(std::uint64_t tcp, std::uint64_t one_sided, Time now);
  // For a person: of the last window that said something, where most of its packets were such.
  const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  std::optional<Time> begin_;
  std::uint64_t tcp_ = 0, one_sided_ = 0;  // at the window's begin
  std::optional<std::string> trouble_;
};

}  // namespace netscope
