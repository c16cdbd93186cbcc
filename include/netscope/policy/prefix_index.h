// Many prefixes, one look-up: which of the stored prefixes contain an address?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "netscope/net/address.h"

namespace netscope {

// Immutable once built; look-ups allocate nothing and cost a hash probe per prefix length that is stored for the
// address's version (a handful in practice, 33 or 129 at worst), whatever the number of prefixes.
class PrefixIndex {
 public:
  struct Entry {
    IpPrefix prefix;
    std::uint32_t value;
  };

  PrefixIndex() = default;
  // Equal prefixes may occur several times with different values; all are kept, equal values once.
  explicit PrefixIndex(std::span<const Entry> entries);

  // The values of one stored prefix, ascending; they live as long as the index.
  using Values = std::span<const std::uint32_t>;

  // Calls `visit(values)` for each stored prefix that contains `address`, from the longest to the shortest.
  template <class Visit>
  void for_each_containing(const IpAddress& address, Visit&& visit) const {
    for (const std::uint8_t length : lengths(address.version)) {
      if (const Slot* slot = find(address, length))
        visit(Values(values_).subspan(slot->first_value, slot->value_count));
    }
  }
  bool contains(const IpAddress& address) const;

  bool empty() const { return slots_.empty(); }
  // Heap memory in use.
  std::size_t memory_bytes() const;

 private:
  // One prefix in an open-addressed table; `value_count` 0 marks a free slot.
  struct Slot {
    IpPrefix prefix;
    std::uint32_t first_value = 0;
    std::uint32_t value_count = 0;
  };

  const Slot* find(const IpAddress& address, std::uint8_t length) const;
  std::span<const std::uint8_t> lengths(IpVersion version) const {
    return version == IpVersion::v4 ? v4_lengths_ : v6_lengths_;
  }

  std::vector<Slot> slots_;  // a power of two, at most half full; empty for an empty index
  std::vector<std::uint32_t> values_;
  std::vector<std::uint8_t> v4_lengths_;  // those that occur, longest first
  std::vector<std::uint8_t> v6_lengths_;
};

}  // namespace netscope
