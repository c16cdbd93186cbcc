// Many domains, one look-up: which of the stored domains is a name equal to, or below?
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace netscope {

// Immutable once built; look-ups allocate nothing and cost one pass over the name and a hash probe per label, whatever
// the number of domains. Domains and names are in the compared form (see HostName). At most 2^31 bytes of domains.
class DomainIndex {
 public:
  struct Entry {
    std::string_view domain;
    std::uint32_t value;
  };

  // Labels of the longest name (253 bytes, RFC 1035). Domains of more labels, and empty ones, are not stored.
  static constexpr std::size_t kMaxLabels = 127;

  DomainIndex() = default;
  // Copies what it needs. Equal domains may occur several times with different values; all are kept, equal values once.
  explicit DomainIndex(std::span<const Entry> entries);

  // The values of one stored domain, ascending; they live as long as the index.
  using Values = std::span<const std::uint32_t>;

  // Calls `visit(domain_is_the_whole_name, values)` for each stored domain that `name` equals or lies below on label
  // boundaries, from the longest (the whole name) to the shortest.
  template <class Visit>
  void for_each_suffix(std::string_view name, Visit&& visit) const {
    Hits hits;
    for (std::size_t i = find_suffixes(name, hits); i > 0; --i)
      visit(hits[i - 1]->size == name.size(), values(*hits[i - 1]));
  }
  // The values of the longest of them; empty when there is none.
  Values longest_suffix(std::string_view name) const;

  bool empty() const { return slots_.empty(); }
  // Heap memory in use.
  std::size_t memory_bytes() const;

 private:
  // One domain in an open-addressed table; `value_count` 0 marks a free slot.
  struct Slot {
    std::uint32_t hash = 0;  // its upper half; the lower half chose the slot
    std::uint32_t text = 0;  // offset into pool_
    std::uint32_t first_value = 0;
    std::uint32_t value_count = 0;
    std::uint32_t size = 0;  // of the text
  };
  using Hits = std::array<const Slot*, kMaxLabels>;

  // Fills `hits` from the shortest stored suffix to the longest; returns how many there are.
  std::size_t find_suffixes(std::string_view name, Hits& hits) const;
  const Slot* find(std::string_view domain, std::uint64_t hash) const;
  void insert(const Slot& slot, std::uint64_t hash);
  Values values(const Slot& slot) const { return Values(values_).subspan(slot.first_value, slot.value_count); }

  std::vector<Slot> slots_;  // a power of two, at most half full; empty for an empty index
  std::vector<char> pool_;
  std::vector<std::uint32_t> values_;
  std::size_t max_labels_ = 0;  // of the stored domains: labels of a name further left cannot matter
};

}  // namespace netscope
