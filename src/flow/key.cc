#include "netscope/flow/key.h"

#include <bit>

namespace netscope {
namespace {

// Both halves of a 128-bit product folded into one word: each bit of the result depends on every bit of both factors.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

DirectedKey flow_key(const Headers& headers) {
  DirectedKey out;
  // Any order will do, as long as it is total: that of the addresses as the processor's own words is the cheapest.
  using Words = std::array<std::uint64_t, 2>;
  const auto source = std::bit_cast<Words>(headers.source.bytes);
  const auto destination = std::bit_cast<Words>(headers.destination.bytes);
  const bool source_is_low =
      source != destination ? source < destination : headers.source_port <= headers.destination_port;
  out.direction = source_is_low ? Direction::low_to_high : Direction::high_to_low;
  out.key.low_address = source_is_low ? headers.source.bytes : headers.destination.bytes;
  out.key.high_address = source_is_low ? headers.destination.bytes : headers.source.bytes;
  out.key.low_port = source_is_low ? headers.source_port : headers.destination_port;
  out.key.high_port = source_is_low ? headers.destination_port : headers.source_port;
  out.key.ip_protocol = headers.ip_protocol;
  out.key.version = headers.source.version;
  return out;
}

std::uint32_t hash(const FlowKey& key, std::uint64_t seed) {
  const auto words = key.words();
  std::uint64_t state = seed ^ 0x9e3779b97f4a7c15;
  state = fold(state ^ words[0], 0xa0761d6478bd642f ^ words[1]);
  state = fold(state ^ words[2], 0xe7037ed1a0b428db ^ words[3]);
  state = fold(state ^ words[4], 0x8ebc6af09c88c6e3 ^ seed);
  return static_cast<std::uint32_t>(state ^ state >> 32);
}

}  // namespace netscope
