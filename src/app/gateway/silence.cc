#include "app/gateway/silence.h"

#include <algorithm>
#include <utility>

namespace netscope {

bool Silence::is_long(std::uint64_t packets, Time now) {
  if (packets != packets_) {
    packets_ = packets;
    since_ = now;
    told_ = false;
    trouble_.reset();
  }
  return now - since_ >= kPatience && !std::exchange(told_, true);
}

std::optional<Silence::Line> Silence::explain(std::span<const Obstacle> obstacles, const LiveSettings& settings,
                                              const QueueRange& queues) {
  const bool never_any = packets_ == 0;
  const std::string silent = never_any ? "no packet has come since the start" : "no packets come any more";
  const std::string begin = silent + ": ";
  std::string why;
  for (const Obstacle& obstacle : obstacles) {
    // What is hidden in part explains nothing where packets came before.
    if (obstacle.weight != Obstacle::Weight::whole && !never_any) continue;
    why += (why.empty() ? "" : ". ") + to_string(obstacle);
    if (obstacle.weight == Obstacle::Weight::whole) trouble_ = begin + why;
  }
  if (why.empty() && never_any && settings.backend == Backend::none) {
    why = "with --no-table the kernel's rules are the administrator's, and they send nothing to " +
          std::string(queues.count() == 1 ? "queue " : "queues ") + to_string(queues) +
          "; load those that --print-nft prints with the same options (netscope-nfq ... --print-nft | nft -f -)";
    trouble_ = begin + why;
  }
  if (trouble_) {
    if (*trouble_ == warned_of_) return std::nullopt;
    warned_of_ = *trouble_;
    return Line{.level = LogLevel::warning, .text = *trouble_};
  }
  if (std::exchange(idle_told_, true)) return std::nullopt;
  if (why.empty()) return Line{.text = silent + ", as it should be while nobody uses the network; else see --doctor"};
  return Line{.text = begin + why};
}

void OneDirection::see(std::uint64_t tcp, std::uint64_t one_sided, Time now) {
  if (begin_ && now - *begin_ < kWindow) return;
  const std::uint64_t packets = tcp - std::min(tcp, tcp_), apart = one_sided - std::min(one_sided, one_sided_);
  if (begin_ && packets >= kEnough) {
    trouble_.reset();
    if (apart > packets / 2) {
      trouble_ = std::to_string(apart) + " of " + std::to_string(packets) +
                 " TCP packets answer what their worker never saw: one direction of connections goes past this machine "
                 "or to another queue, and names cannot be trusted. Lead both directions through it (routes, "
                 "interfaces in [live]), use fanout = \"flow\", and see --doctor";
    }
  }
  // A quiet window goes on until it says something.
  if (begin_ && packets < kEnough) return;
  begin_ = now;
  tcp_ = tcp;
  one_sided_ = one_sided;
}

}  // namespace netscope
