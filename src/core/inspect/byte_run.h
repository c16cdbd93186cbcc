// Bytes that grow at both ends and are taken off the front, each at a cost that does not depend on how many there are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "netscope/base/bytes.h"

namespace netscope {

class ByteRun {
 public:
  ByteRun() = default;
  // A copy has the same capacity, so that whoever counts it need not count again.
  ByteRun(const ByteRun& other) : front_(other.front_) {
    bytes_.reserve(other.capacity());
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
  }
  ByteRun(ByteRun&& other) noexcept : bytes_(std::move(other.bytes_)), front_(std::exchange(other.front_, 0)) {}
  ByteRun& operator=(ByteRun other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(front_, other.front_);
    return *this;
  }
  ~ByteRun() = default;

  std::size_t size() const { return bytes_.size() - front_; }
  bool empty() const { return size() == 0; }
  Bytes view() const { return Bytes{bytes_}.subspan(front_); }
  // Bytes of the heap.
  std::size_t capacity() const { return bytes_.capacity(); }
  // What one that has to grow to `size` bytes takes: half as much again, so that it does not grow with every byte.
  static constexpr std::size_t most_capacity(std::size_t size) { return size + size / 2 + 16; }

  void assign(Bytes bytes) {
    bytes_.assign(bytes.begin(), bytes.end());
    front_ = 0;
  }
  void append(Bytes bytes) {
    const std::size_t needed = bytes_.size() + bytes.size();
    if (needed > bytes_.capacity()) bytes_.reserve(most_capacity(needed));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void prepend(Bytes bytes) {
    if (front_ < bytes.size()) make_room(bytes.size());
    front_ -= bytes.size();
    overwrite(0, bytes);
  }
  // Within what is there.
  void overwrite(std::size_t at, Bytes bytes) {
    std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(front_ + at));
  }
  // No more than is there.
  void drop_front(std::size_t count) {
    front_ += count;
    if (front_ <= size()) return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(front_));
    front_ = 0;
  }
  void clear() {
    bytes_.clear();
    front_ = 0;
  }

 private:
  // The reserve lies ahead, so that most calls of prepend() copy nothing else.
  void make_room(std::size_t count) {
    const Bytes old = view();
    std::vector<std::uint8_t> moved;
    moved.reserve(most_capacity(count + old.size()));
    const std::size_t ahead = moved.capacity() - old.size();
    moved.resize(ahead);
    moved.insert(moved.end(), old.begin(), old.end());
    bytes_ = std::move(moved);
    front_ = ahead;
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t front_ = 0;  // of bytes_, those that are not there any more, or not yet
};

}  // namespace netscope
