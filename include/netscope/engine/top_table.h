// The heaviest keys of a long stream in bounded memory: "space saving" (Metwally, Agrawal, El Abbadi, 2005) within
// small buckets, so that a newcomer costs a look at eight neighbours and no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
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

// Grows up to `max_keys` places; from then on the lightest of a newcomer's neighbours makes room for it.
// A key's bytes are short by at most `error_bytes()`, and a key that is not shown has at most that many. Nothing is
// missing while `exact()`.
template <class Key, class Hash>
class TopTable {
 public:
  using Entry = std::pair<Key, Tally>;

  // `max_keys` is rounded up to a power of two.
  explicit TopTable(std::size_t max_keys) : max_buckets_(std::bit_ceil(std::max(max_keys, kBucket)) / kBucket) {}

  // `View` is the key, or a cheaper form of it that compares, hashes and converts alike: a key is made for newcomers
  // only.
  template <class View>
  void add(const View& key, const Tally& tally) {
    add(key, tally, 0);
  }

  void merge(const TopTable& other) {
    for (std::size_t i = 0; i < other.rows_.size(); ++i) {
      const Row& row = other.rows_[i];
      if (other.buckets_[i / kBucket].tags[i % kBucket] != 0) add(row.key, row.tally, row.missed);
    }
    error_bytes_ += other.error_bytes_;
  }

  // The heaviest by bytes, then by key, so that equal input gives equal output.
  std::vector<Entry> top(std::size_t count) const {
    std::vector<Entry> all;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (buckets_[i / kBucket].tags[i % kBucket] != 0) all.emplace_back(rows_[i].key, rows_[i].tally);
    }
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    std::partial_sort(all.begin(), end, all.end(), heavier);
    all.erase(end, all.end());
    return all;
  }

  std::size_t size() const { return size_; }
  bool exact() const { return error_bytes_ == 0; }
  std::uint64_t error_bytes() const { return error_bytes_; }

 private:
  static constexpr std::size_t kBucket = 8;

  // What a search looks at, apart from the rows, so that it stays within two cache lines.
  struct Bucket {
    std::array<std::uint32_t, kBucket> tags{};     // hashes, never 0; 0: empty
    std::array<std::uint64_t, kBucket> weights{};  // bytes, missed ones included
  };
  struct Row {
    Key key{};
    Tally tally{};
    std::uint64_t missed = 0;  // bytes that the key may have had before it got this place
  };

  static bool heavier(const Entry& a, const Entry& b) {
    return a.second.bytes != b.second.bytes ? a.second.bytes > b.second.bytes : a.first < b.first;
  }
  template <class View>
  static std::uint32_t tag_of(const View& key) {
    return static_cast<std::uint32_t>(Hash{}(key)) | 1u << 31;
  }

  template <class View>
  void add(const View& key, const Tally& tally, std::uint64_t missed) {
    if (buckets_.empty()) resize(1);
    const std::uint32_t tag = tag_of(key);
    std::size_t place = find(key, tag);
    while (place == kNowhere) {
      grow();
      place = find(key, tag);
    }
    Bucket& bucket = buckets_[place / kBucket];
    Row& row = rows_[place];
    std::uint32_t& held = bucket.tags[place % kBucket];
    std::uint64_t& weight = bucket.weights[place % kBucket];
    if (held == 0) {
      ++size_;
      row.key = Key(key);
    } else if (held != tag || !(row.key == key)) {
      missed += weight;
      error_bytes_ = std::max(error_bytes_, weight);
      row = {.key = Key(key)};
      weight = 0;
    }
    held = tag;
    row.tally += tally;
    row.missed += missed;
    weight += tally.bytes + missed;
  }

  // The key's place, or an empty one, or that of who has to go; kNowhere while the table may grow instead.
  template <class View>
  std::size_t find(const View& key, std::uint32_t tag) const {
    const std::size_t first = (tag & (buckets_.size() - 1)) * kBucket;
    const Bucket& bucket = buckets_[first / kBucket];
    std::size_t lightest = 0, empty = kBucket;
    for (std::size_t i = 0; i < kBucket; ++i) {
      if (bucket.tags[i] == tag && rows_[first + i].key == key) return first + i;
      if (bucket.tags[i] == 0 && empty == kBucket) empty = i;
      if (bucket.weights[i] < bucket.weights[lightest]) lightest = i;
    }
    if (empty < kBucket) return first + empty;
    return buckets_.size() < max_buckets_ ? kNowhere : first + lightest;
  }

  void resize(std::size_t buckets) {
    buckets_.assign(buckets, {});
    rows_.clear();
    rows_.resize(buckets * kBucket);
  }

  void grow() {
    const std::vector<Bucket> buckets = std::exchange(buckets_, {});
    std::vector<Row> rows = std::exchange(rows_, {});
    resize(buckets.size() * 2);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t tag = buckets[i / kBucket].tags[i % kBucket];
      if (tag == 0) continue;
      const std::size_t place = find(rows[i].key, tag);  // there is room: each bucket splits in two
      buckets_[place / kBucket].tags[place % kBucket] = tag;
      buckets_[place / kBucket].weights[place % kBucket] = buckets[i / kBucket].weights[i % kBucket];
      rows_[place] = std::move(rows[i]);
    }
  }

  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t max_buckets_;
  std::vector<Bucket> buckets_;
  std::vector<Row> rows_;
  std::size_t size_ = 0;
  std::uint64_t error_bytes_ = 0;
};

}  // namespace netscope
