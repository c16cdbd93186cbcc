#include "netscope/flow/key.h"

#include <bit>

namespace netscope {
namespace {

// The last word of a key, put together in a register: fields that are stored one by one stall who loads the word next.
std::uint64_t last_word(std::uint16_t low_port, std::uint16_t high_port, std::uint8_t protocol, IpVersion version) {
  const auto place = [](std::uint64_t field, unsigned offset, unsigned bytes) {
    return field << (std::endian::native == std::endian::little ? 8 * offset : 64 - 8 * (offset + bytes));
  };
  return place(low_port, 0, 2) | place(high_port, 2, 2) | place(protocol, 4, 1) |
         place(static_cast<std::uint8_t>(version), 5, 1);
}

}  // namespace

DirectedKey flow_key(const Headers& headers) {
  // Any order will do, as long as it is total: that of the addresses as the processor's own words is the cheapest.
  using Words = std::array<std::uint64_t, 2>;
  const auto source = std::bit_cast<Words>(headers.source.bytes);
  const auto destination = std::bit_cast<Words>(headers.destination.bytes);
  const bool source_is_low =
      source != destination ? source < destination : headers.source_port <= headers.destination_port;
  const Words low = source_is_low ? source : destination, high = source_is_low ? destination : source;
  const std::uint16_t low_port = source_is_low ? headers.source_port : headers.destination_port;
  const std::uint16_t high_port = source_is_low ? headers.destination_port : headers.source_port;
  return {.key = std::bit_cast<FlowKey>(std::array<std::uint64_t, 5>{
              low[0], low[1], high[0], high[1],
              last_word(low_port, high_port, headers.ip_protocol, headers.source.version)}),
          .direction = source_is_low ? Direction::low_to_high : Direction::high_to_low};
}

}  // namespace netscope
