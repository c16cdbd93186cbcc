// The heaviest keys of a long stream in bounded memory (the batched form of Misra and Gries, 1982; as in "lossy counting").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace netscope {

// What is counted for an application, a domain, a client, ...
struct Tally {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // on the wire
  std::uint64_t flows = 0;
  std::uint64_t blocked = 0;  // packets

  Tally& operator+=(const Tally& other) {
    packets += other.packets;
    bytes += other.bytes;
    flows += other.flows;
    blocked += other.blocked;
    return *this;
  }
};

// Keeps at most 2N keys; when they are used up, the lighter half is forgotten. A key's bytes are then short by at most
// `error_bytes()`; a key that is not shown has at most that many. Nothing is wrong while `exact()`.
template <class Key, class Hash, std::size_t N>
class TopTable {
 public:
  using Entry = std::pair<Key, Tally>;

  void add(const Key& key, const Tally& tally) {
    entries_[key] += tally;
    if (entries_.size() >= 2 * N) prune();
  }

  void merge(const TopTable& other) {
    error_bytes_ += other.error_bytes_;
    for (const auto& [key, tally] : other.entries_) add(key, tally);
  }

  // The heaviest by bytes, then by key, so that equal input gives equal output.
  std::vector<Entry> top(std::size_t count) const {
    std::vector<Entry> all(entries_.begin(), entries_.end());
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    std::partial_sort(all.begin(), end, all.end(), heavier);
    all.erase(end, all.end());
    return all;
  }

  std::size_t size() const { return entries_.size(); }
  bool exact() const { return error_bytes_ == 0; }
  std::uint64_t error_bytes() const { return error_bytes_; }

 private:
  static bool heavier(const Entry& a, const Entry& b) {
    return a.second.bytes != b.second.bytes ? a.second.bytes > b.second.bytes : a.first < b.first;
  }

  void prune() {
    std::vector<Entry> kept = top(N + 1);
    error_bytes_ += kept.back().second.bytes;  // the heaviest of those that go
    kept.pop_back();
    entries_.clear();
    for (Entry& entry : kept) entries_.emplace(std::move(entry));
  }

  std::unordered_map<Key, Tally, Hash> entries_;
  std::uint64_t error_bytes_ = 0;
};

}  // namespace netscope
