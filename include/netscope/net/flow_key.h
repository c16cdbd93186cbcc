// The five-tuple of a flow, the same for both directions.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "netscope/net/address.h"
#include "netscope/net/headers.h"

namespace netscope {

// Which way a packet goes, told by the order of its ends alone. Which end is the client is another question (Flow).
enum class Direction : std::uint8_t { low_to_high = 0, high_to_low = 1 };

inline Direction opposite(Direction direction) {
  return direction == Direction::low_to_high ? Direction::high_to_low : Direction::low_to_high;
}
inline std::size_t index_of(Direction direction) {
  return static_cast<std::size_t>(direction);
}

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// The ends in an order that depends on them alone, so that a packet and its answer have equal keys. 40 bytes, no
// padding: comparison and hashing take it as five words.
struct FlowKey {
  std::array<std::uint8_t, 16> low_address{};
  std::array<std::uint8_t, 16> high_address{};
  std::uint16_t low_port = 0;
  std::uint16_t high_port = 0;
  std::uint8_t ip_protocol = 0;
  IpVersion version = IpVersion::none;
  std::uint16_t reserved = 0;

  Endpoint low() const { return {{low_address, version}, low_port}; }
  Endpoint high() const { return {{high_address, version}, high_port}; }
  // The end that packets of this direction come from.
  Endpoint source(Direction direction) const { return direction == Direction::low_to_high ? low() : high(); }
  using Words = std::array<std::uint64_t, 5>;
  Words words() const { return std::bit_cast<Words>(*this); }
  bool operator==(const FlowKey& other) const {
    const auto a = words();
    const auto b = other.words();
    return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4])) == 0;
  }
};
static_assert(sizeof(FlowKey) == 40);

struct DirectedKey {
  FlowKey key;
  Direction direction = Direction::low_to_high;
};

namespace detail {
// The last word of a key, put together in a register: fields that are stored one by one stall who loads the word next.
inline std::uint64_t last_key_word(std::uint32_t low_port, std::uint32_t high_port, std::uint8_t protocol,
                                   IpVersion version) {
  const auto place = [](std::uint64_t field, unsigned offset, unsigned bytes) {
    return field << (std::endian::native == std::endian::little ? 8 * offset : 64 - 8 * (offset + bytes));
  };
  return place(low_port, 0, 2) | place(high_port, 2, 2) | place(protocol, 4, 1) |
         place(static_cast<std::uint8_t>(version), 5, 1);
}

// Of two factors that a peer chooses, none may be his to know: a factor of zero would swallow the other one.
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
}  // namespace detail

// The key of the packet's flow, and which way the packet goes in it. Which end is the low one is a toss-up that no
// branch predictor wins: hence masks.
[[gnu::always_inline]] inline DirectedKey flow_key(const Headers& headers) {
  // Any order will do, as long as it is total: that of the addresses as the processor's own words is the cheapest.
  using Words = std::array<std::uint64_t, 2>;
  const auto source = std::bit_cast<Words>(headers.source.bytes);
  const auto destination = std::bit_cast<Words>(headers.destination.bytes);
  const std::uint32_t source_port = headers.source_port, destination_port = headers.destination_port;
  const bool first_differs = source[0] != destination[0], second_differs = source[1] != destination[1];
  const bool swap = first_differs    ? source[0] > destination[0]
                    : second_differs ? source[1] > destination[1]
                                     : source_port > destination_port;
  const std::uint64_t mask = -std::uint64_t{swap};
  const std::uint64_t first = (source[0] ^ destination[0]) & mask, second = (source[1] ^ destination[1]) & mask;
  const std::uint32_t ports = (source_port ^ destination_port) & static_cast<std::uint32_t>(mask);
  return {.key = std::bit_cast<FlowKey>(std::array<std::uint64_t, 5>{
              source[0] ^ first, source[1] ^ second, destination[0] ^ first, destination[1] ^ second,
              detail::last_key_word(source_port ^ ports, destination_port ^ ports, headers.ip_protocol,
                                    headers.source.version)}),
          .direction = static_cast<Direction>(swap)};
}

// Hashes keys that peers choose: without the seed nobody can aim at one slot (or, for the fixed seed of the offline
// fan-out, only at one worker).
[[gnu::always_inline]] inline std::uint32_t hash(const FlowKey::Words& words, std::uint64_t seed) {
  std::uint64_t state = seed ^ 0x9e3779b97f4a7c15;
  state = detail::fold(state ^ words[0], seed ^ 0xa0761d6478bd642f ^ words[1]);
  state = detail::fold(state ^ words[2], seed ^ 0xe7037ed1a0b428db ^ words[3]);
  state = detail::fold(state ^ words[4], seed ^ 0x8ebc6af09c88c6e3);
  return static_cast<std::uint32_t>(state ^ state >> 32);
}

[[gnu::always_inline]] inline std::uint32_t hash(const FlowKey& key, std::uint64_t seed) {
  return hash(key.words(), seed);
}

}  // namespace netscope
