// Many prefixes, one look-up: which of the stored prefixes contain an address?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "netscope/net/address.h"

namespace netscope {

// Immutable once built; look-ups allocate nothing. A few prefixes are compared one by one. Of many, a look-up costs a
// hash probe per prefix length that is stored for the address's version (a handful in practice, 33 or 129 at worst),
// whatever their number.
class PrefixIndex {
 public:
  // So many prefixes are compared faster than hashed.
  static constexpr std::size_t kFew = 8;

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
    const Halves wanted = halves_of(address);
    for (const Compared& prefix : few_) {
      if (prefix.contains(wanted, address.version)) visit(values_of(prefix.slot));
    }
    for (const std::uint8_t length : lengths(address.version)) {
      if (const Slot* slot = find(wanted, length, address.version)) visit(values_of(*slot));
    }
  }
  bool contains(const IpAddress& address) const;

  bool empty() const { return values_.empty(); }
  // Heap memory in use.
  std::size_t memory_bytes() const;

 private:
  // An address as two numbers, the first bits on top.
  struct Halves {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const Halves&) const = default;
  };
  // One prefix in an open-addressed table; `value_count` 0 marks a free slot.
  struct Slot {
    IpPrefix prefix;
    std::uint32_t first_value = 0;
    std::uint32_t value_count = 0;
  };
  // One of a few.
  struct Compared {
    Halves prefix;
    Halves mask;
    Slot slot;

    bool contains(const Halves& address, IpVersion version) const {
      return ((address.high ^ prefix.high) & mask.high) == 0 && ((address.low ^ prefix.low) & mask.low) == 0 &&
             slot.prefix.address.version == version;
    }
  };

  static Halves halves_of(const IpAddress& address);
  static Halves masked(const Halves& address, unsigned length);
  static std::uint64_t hash_of(const Halves& prefix, unsigned length, IpVersion version);
  void insert(const Slot& slot);
  const Slot* find(const Halves& address, std::uint8_t length, IpVersion version) const;
  std::span<const std::uint8_t> lengths(IpVersion version) const {
    return version == IpVersion::v4 ? v4_lengths_ : v6_lengths_;
  }
  Values values_of(const Slot& slot) const { return Values(values_).subspan(slot.first_value, slot.value_count); }

  // Either of these is empty.
  std::vector<Compared> few_;  // longest first
  std::vector<Slot> slots_;    // a power of two, at most half full
  std::vector<std::uint32_t> values_;
  std::vector<std::uint8_t> v4_lengths_;  // those that occur, longest first
  std::vector<std::uint8_t> v6_lengths_;
};

}  // namespace netscope
