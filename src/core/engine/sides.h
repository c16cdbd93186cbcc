// Private to this layer: whether an answer can come from the other end.
//
// A client can send packets that bear its server's address, through the gateway and back to itself. What tells them
// from the server's is their way: they leave by the interface that they came in on. At a gateway with one arm all
// packets do so, and nothing tells them apart.
#pragma once

#include <cstdint>

#include "netscope/engine/packet.h"

namespace netscope {

// Of two packets, one that opened a flow and one that claims to come from its other end.
enum class Sides : std::uint8_t {
  apart,               // nothing against it
  answer_is_forged,    // the second comes from where the first one did
  opening_was_forged,  // the first came from where the second one does
};

inline bool turns_round(const Way& way) {
  return way.in_interface != 0 && way.in_interface == way.out_interface;
}

// What a flow keeps of the way of the packet that opened it: 15 bits of the interface's index, and whether it turned
// round.
inline std::uint16_t remembered(const Way& way) {
  return static_cast<std::uint16_t>((way.in_interface & 0x7fff) << 1 | (turns_round(way) ? 1 : 0));
}

inline Sides sides_of_ways(std::uint16_t opening, const Way& answer) {
  const std::uint16_t second = remembered(answer);
  if (opening >> 1 != second >> 1 || opening == second) return Sides::apart;
  return turns_round(answer) ? Sides::answer_is_forged : Sides::opening_was_forged;
}

}  // namespace netscope
