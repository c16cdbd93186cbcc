// A suffix is found by its hash, which grows from the name's end towards its front: the state after each label is the
// hash of a suffix, so that all of them cost one pass over the name. The table is as dense as it is for the cache's
// sake: a home gateway with a list of a million domains should still answer from the lines it has just touched. Peers
// choose the names that are looked up, not the domains that are stored, and a stored table's longest chain is a
// constant; the hash has to spread, not to withhold.
#include "core/policy/sets/domain_index.h"

#include <algorithm>
#include <bit>

namespace netscope {
namespace {

constexpr std::uint64_t kSeed = 0x9e3779b97f4a7c15;

// The hash of a name's tail, grown by one byte to the left. Multiplying by an odd number loses nothing; the rotation
// carries the upper bits, which the multiplication stirs best, back to where the next byte meets them.
std::uint64_t grow(std::uint64_t state, char byte) {
  return std::rotl((state ^ static_cast<std::uint8_t>(byte)) * 0xd6e8feb86659fd93, 23);
}

// Spreads a state over all bits (the finalizer of MurmurHash3).
std::uint64_t finish(std::uint64_t state) {
  state = (state ^ state >> 33) * 0xff51afd7ed558ccd;
  state = (state ^ state >> 33) * 0xc4ceb9fe1a85ec53;
  return state ^ state >> 33;
}

std::uint64_t hash_of(std::string_view domain) {
  std::uint64_t state = kSeed;
  for (std::size_t i = domain.size(); i > 0; --i) state = grow(state, domain[i - 1]);
  return finish(state);
}

std::size_t count_labels(std::string_view domain) {
  return 1 + static_cast<std::size_t>(std::count(domain.begin(), domain.end(), '.'));
}

}  // namespace

DomainIndex::DomainIndex(std::span<const Entry> entries) {
  // Equal domains side by side. By hash, so that the domains themselves, which lie anywhere, are looked at once.
  struct Hashed {
    std::uint64_t hash;
    Entry entry;
  };
  std::vector<Hashed> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) {
    const std::size_t labels = count_labels(entry.domain);
    if (entry.domain.empty() || labels > kMaxLabels) continue;
    max_labels_ = std::max(max_labels_, labels);
    sorted.push_back({hash_of(entry.domain), entry});
  }
  if (sorted.empty()) return;
  std::ranges::sort(sorted, [](const Hashed& a, const Hashed& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    return a.entry.domain != b.entry.domain ? a.entry.domain < b.entry.domain : a.entry.value < b.entry.value;
  });
  const auto same_domain = [](const Hashed& a, const Hashed& b) {
    return a.hash == b.hash && a.entry.domain == b.entry.domain;
  };

  std::size_t domains = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) domains += i == 0 || !same_domain(sorted[i], sorted[i - 1]);
  slots_.resize(std::bit_ceil(2 * domains));
  values_.reserve(sorted.size());
  for (std::size_t i = 0; i < sorted.size();) {
    const Hashed& first = sorted[i];
    const std::string_view domain = first.entry.domain;
    Slot slot{.text = static_cast<std::uint32_t>(pool_.size()),
              .first_value = static_cast<std::uint32_t>(values_.size()),
              .size = static_cast<std::uint32_t>(domain.size())};
    for (; i < sorted.size() && same_domain(sorted[i], first); ++i) {
      const std::uint32_t value = sorted[i].entry.value;
      if (values_.size() == slot.first_value || values_.back() != value) values_.push_back(value);
    }
    slot.value_count = static_cast<std::uint32_t>(values_.size()) - slot.first_value;
    pool_.insert(pool_.end(), domain.begin(), domain.end());
    insert(slot, first.hash);
  }
  pool_.shrink_to_fit();
  values_.shrink_to_fit();
}

void DomainIndex::insert(const Slot& slot, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].value_count != 0) at = (at + 1) & mask;
  slots_[at] = slot;
  slots_[at].hash = static_cast<std::uint32_t>(hash >> 32);
}

const DomainIndex::Slot* DomainIndex::find(std::string_view domain, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].value_count != 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash >> 32 && domain == std::string_view(pool_.data() + slot.text, slot.size)) return &slot;
  }
  return nullptr;
}

std::size_t DomainIndex::find_suffixes(std::string_view name, Hits& hits) const {
  std::size_t count = 0;
  std::uint64_t state = kSeed;
  std::size_t begin = name.size();  // of the suffix
  for (std::size_t labels = 0; begin > 0 && labels < max_labels_; ++labels) {
    do state = grow(state, name[--begin]);
    while (begin > 0 && name[begin - 1] != '.');
    if (const Slot* slot = find(name.substr(begin), finish(state))) hits[count++] = slot;
  }
  return count;
}

DomainIndex::Values DomainIndex::longest_suffix(std::string_view name) const {
  Hits hits;
  const std::size_t count = find_suffixes(name, hits);
  return count == 0 ? Values{} : values(*hits[count - 1]);
}

std::size_t DomainIndex::memory_bytes() const {
  return slots_.capacity() * sizeof(Slot) + pool_.capacity() + values_.capacity() * sizeof(std::uint32_t);
}

}  // namespace netscope
