#include "core/policy/sets/prefix_index.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "netscope/base/bytes.h"

namespace netscope {
namespace {

std::uint64_t leading_ones(unsigned count) {
  return count == 0 ? 0 : ~std::uint64_t{0} << (64 - std::min(count, 64u));
}

}  // namespace

PrefixIndex::Halves PrefixIndex::halves_of(const IpAddress& address) {
  return {.high = detail::load_big_endian<8>(address.bytes.data()),
          .low = detail::load_big_endian<8>(address.bytes.data() + 8)};
}

PrefixIndex::Halves PrefixIndex::masked(const Halves& address, unsigned length) {
  return {.high = address.high & leading_ones(length),
          .low = address.low & leading_ones(length > 64 ? length - 64 : 0)};
}

std::uint64_t PrefixIndex::hash_of(const Halves& prefix, unsigned length, IpVersion version) {
  std::uint64_t state = (prefix.high ^ length << 3 ^ static_cast<std::uint64_t>(version)) * 0x9e3779b97f4a7c15;
  state = (state ^ state >> 32 ^ prefix.low) * 0xd6e8feb86659fd93;
  state = (state ^ state >> 32) * 0xd6e8feb86659fd93;
  return state ^ state >> 32;
}

PrefixIndex::PrefixIndex(std::span<const Entry> entries) {
  std::vector<Entry> sorted(entries.begin(), entries.end());
  std::erase_if(sorted, [](const Entry& entry) { return entry.prefix.address.version == IpVersion::none; });
  std::sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : a.value < b.value;
  });

  std::vector<Slot> prefixes;
  values_.reserve(sorted.size());
  for (std::size_t i = 0; i < sorted.size();) {
    Slot slot{.prefix = sorted[i].prefix, .first_value = static_cast<std::uint32_t>(values_.size())};
    for (; i < sorted.size() && sorted[i].prefix == slot.prefix; ++i) {
      if (values_.size() == slot.first_value || values_.back() != sorted[i].value) values_.push_back(sorted[i].value);
    }
    slot.value_count = static_cast<std::uint32_t>(values_.size()) - slot.first_value;
    prefixes.push_back(slot);
  }

  if (prefixes.size() <= kFew) {
    std::ranges::stable_sort(prefixes, std::greater<>(), [](const Slot& slot) { return slot.prefix.length; });
    constexpr Halves kOnes{.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}};
    for (const Slot& slot : prefixes) {
      few_.push_back(
          {.prefix = halves_of(slot.prefix.address), .mask = masked(kOnes, slot.prefix.length), .slot = slot});
    }
    return;
  }
  slots_.resize(std::bit_ceil(2 * prefixes.size()));
  for (const Slot& slot : prefixes) insert(slot);
  for (std::vector<std::uint8_t>* lengths : {&v4_lengths_, &v6_lengths_}) {
    std::sort(lengths->begin(), lengths->end(), std::greater<>());
    lengths->erase(std::unique(lengths->begin(), lengths->end()), lengths->end());
    lengths->shrink_to_fit();
  }
}

void PrefixIndex::insert(const Slot& slot) {
  const std::size_t mask = slots_.size() - 1;
  const IpVersion version = slot.prefix.address.version;
  std::size_t at = hash_of(halves_of(slot.prefix.address), slot.prefix.length, version) & mask;
  while (slots_[at].value_count != 0) at = (at + 1) & mask;
  slots_[at] = slot;
  (version == IpVersion::v4 ? v4_lengths_ : v6_lengths_).push_back(slot.prefix.length);
}

const PrefixIndex::Slot* PrefixIndex::find(const Halves& address, std::uint8_t length, IpVersion version) const {
  const Halves wanted = masked(address, length);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash_of(wanted, length, version) & mask; slots_[at].value_count != 0; at = (at + 1) & mask) {
    const IpPrefix& prefix = slots_[at].prefix;
    if (prefix.length == length && prefix.address.version == version && halves_of(prefix.address) == wanted) {
      return &slots_[at];
    }
  }
  return nullptr;
}

bool PrefixIndex::contains(const IpAddress& address) const {
  bool found = false;
  for_each_containing(address, [&found](Values) { found = true; });
  return found;
}

std::size_t PrefixIndex::memory_bytes() const {
  return few_.capacity() * sizeof(Compared) + slots_.capacity() * sizeof(Slot) +
         values_.capacity() * sizeof(std::uint32_t) + v4_lengths_.capacity() + v6_lengths_.capacity();
}

}  // namespace netscope
