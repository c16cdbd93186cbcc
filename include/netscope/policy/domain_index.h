// Many domains, one look-up: which of the stored domains is a name equal to, or below?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace netscope {

// Immutable once built; look-ups allocate nothing and cost a hash probe per label of the name, whatever the number of
// domains. Domains and names are in the compared form (see HostName).
class DomainIndex {
 public:
  struct Entry {
    std::string_view domain;
    std::uint32_t value;
  };

  DomainIndex() = default;
  // Equal domains may occur several times with different values; all are kept.
  explicit DomainIndex(std::span<const Entry> entries);

  // The values of one stored domain, ascending.
  using Values = std::span<const std::uint32_t>;

  // Calls `visit(domain_is_the_whole_name, values)` for each stored domain that `name` equals or lies below on label
  // boundaries, from the longest (the whole name) to the shortest.
  template <class Visit>
  void for_each_suffix(std::string_view name, Visit&& visit) const;

  bool empty() const { return slots_.empty(); }
  std::size_t memory_bytes() const;
};

}  // namespace netscope
