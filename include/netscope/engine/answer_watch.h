// Watches a client's DNS queries, and the answers to them, over UDP: who was told which name for which address.
//
// An answer counts that pairs with a query which was seen within kAnswerWithin: between the same two ends and ports,
// with the same id and question. The first one counts and no other, as it is with the client. Answers over TCP and
// through encryption are not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "netscope/base/time.h"
#include "netscope/engine/packet.h"
#include "netscope/flow/learned_names.h"

namespace netscope {

inline constexpr Duration kAnswerWithin = std::chrono::seconds{10};
// Queries that wait for their answers: so many for each of so many groups of clients, which the seed deals out. The
// oldest of a group goes; a client that asks for much loses its own.
inline constexpr std::size_t kQueriesPerGroup = 64;
inline constexpr std::size_t kQueryGroups = 512;

class AnswerWatch {
 public:
  explicit AnswerWatch(std::uint64_t seed);
  AnswerWatch(AnswerWatch&&) noexcept;
  AnswerWatch& operator=(AnswerWatch&&) noexcept;
  ~AnswerWatch();

  // Whether see() might say something: a test of a few instructions, for each packet.
  static bool concerns(const Packet& packet) {
    return packet.key.ip_protocol == ip_protocol::udp &&
           (packet.key.low_port == kDnsPort || packet.key.high_port == kDnsPort) && packet.kind == PacketKind::of_flow;
  }

  // Remembers a query, or says what an answer taught; nothing for most.
  std::optional<NameAnswer> see(const Packet& packet);

 private:
  static constexpr std::uint16_t kDnsPort = 53;

  struct Queries;
  std::unique_ptr<Queries> queries_;
};

}  // namespace netscope
