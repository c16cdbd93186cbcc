// Bytes as they came from a peer, and the one cursor that turns them into integers.
//
// A Reader knows two lengths: how many bytes have *arrived*, and how many its peer *declared*. Running past the first
// means "wait for more" (`need_more`), running past the second means "the peer lied" (`malformed`). The first failure
// sticks: every later read returns zero or an empty view, so a parser reads straight on and asks `status()` once,
// before it decides anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "netscope/base/parsed.h"

namespace netscope {

using Bytes = std::span<const std::uint8_t>;

// The bytes as text, without a copy; lives as long as they do.
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The text as bytes, without a copy; lives as long as it does.
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

namespace detail {
// Written as halves, which compilers of all levels turn into one load and one swap; of a loop they make bytes.
template <std::size_t Count>
[[gnu::always_inline]] inline std::uint64_t load_big_endian(const std::uint8_t* bytes) {
  if constexpr (Count == 1) {
    return *bytes;
  } else {
    constexpr std::size_t kLast = Count / 2;
    return load_big_endian<Count - kLast>(bytes) << (8 * kLast) | load_big_endian<kLast>(bytes + Count - kLast);
  }
}

template <std::size_t Count>
[[gnu::always_inline]] inline std::uint64_t load_little_endian(const std::uint8_t* bytes) {
  if constexpr (Count == 1) {
    return *bytes;
  } else {
    constexpr std::size_t kFirst = Count / 2;
    return load_little_endian<kFirst>(bytes) | load_little_endian<Count - kFirst>(bytes + kFirst) << (8 * kFirst);
  }
}
}  // namespace detail

class Reader {
 public:
  // All that will ever arrive is here: reading past the end is `malformed`.
  static Reader whole(Bytes bytes) { return {bytes.data(), bytes.size(), bytes.size()}; }
  // A prefix of a stream without a declared end: reading past the end is `need_more`.
  static Reader prefix(Bytes bytes) { return {bytes.data(), bytes.size(), std::numeric_limits<std::size_t>::max()}; }

  // Big-endian integers, the network's order.
  [[gnu::always_inline]] std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian<1>()); }
  [[gnu::always_inline]] std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian<2>()); }
  [[gnu::always_inline]] std::uint32_t u24() { return static_cast<std::uint32_t>(big_endian<3>()); }
  [[gnu::always_inline]] std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian<4>()); }
  [[gnu::always_inline]] std::uint64_t u64() { return big_endian<8>(); }
  // Little-endian integers, for capture files.
  [[gnu::always_inline]] std::uint16_t u16_le() { return static_cast<std::uint16_t>(little_endian<2>()); }
  [[gnu::always_inline]] std::uint32_t u32_le() { return static_cast<std::uint32_t>(little_endian<4>()); }
  [[gnu::always_inline]] std::uint64_t u64_le() { return little_endian<8>(); }

  // The next `count` bytes as a view; empty when they are not all there.
  [[gnu::always_inline]] Bytes take(std::size_t count) {
    const std::uint8_t* begin = advance(count);
    return begin == nullptr ? Bytes{} : Bytes{begin, count};
  }
  [[gnu::always_inline]] void skip(std::size_t count) { static_cast<void>(advance(count)); }

  // A reader of the next `declared` bytes, of which some may not have arrived yet. This reader moves behind them.
  Reader child(std::size_t declared);
  // Length-prefixed children, as TLS writes its vectors (RFC 8446, section 3.4).
  Reader child_u8() { return child(u8()); }
  Reader child_u16() { return child(u16()); }
  Reader child_u24() { return child(u24()); }

  // What has arrived and was not read yet.
  Bytes rest() const { return {position_, arrived_}; }
  std::size_t arrived() const { return arrived_; }
  // Whether the declared end is reached, or nothing more can be read.
  bool at_end() const { return declared_ == 0 || status_ != ParseStatus::ok; }

  bool ok() const { return status_ == ParseStatus::ok; }
  // ok, need_more or malformed; the first failure sticks.
  ParseStatus status() const { return status_; }

 private:
  Reader(const std::uint8_t* position, std::size_t arrived, std::size_t declared)
      : position_(position), arrived_(arrived), declared_(declared) {}

  // The packet path runs through these three a dozen times a packet: they are worth being inline everywhere.
  [[gnu::always_inline]] const std::uint8_t* advance(std::size_t count) {
    if (count > arrived_ || status_ != ParseStatus::ok) [[unlikely]] {
      fail(count);
      return nullptr;
    }
    const std::uint8_t* begin = position_;
    position_ += count;
    arrived_ -= count;
    declared_ -= count;
    return begin;
  }

  template <std::size_t Count>
  [[gnu::always_inline]] std::uint64_t big_endian() {
    const std::uint8_t* bytes = advance(Count);
    return bytes == nullptr ? 0 : detail::load_big_endian<Count>(bytes);
  }

  template <std::size_t Count>
  [[gnu::always_inline]] std::uint64_t little_endian() {
    const std::uint8_t* bytes = advance(Count);
    return bytes == nullptr ? 0 : detail::load_little_endian<Count>(bytes);
  }

  [[gnu::noinline, gnu::cold]] void fail(std::size_t count) {
    if (status_ == ParseStatus::ok) status_ = count > declared_ ? ParseStatus::malformed : ParseStatus::need_more;
    arrived_ = 0;
  }

  const std::uint8_t* position_;
  std::size_t arrived_;   // bytes present from position_ on
  std::size_t declared_;  // bytes the peer announced from position_ on; never less than arrived_
  ParseStatus status_ = ParseStatus::ok;
};

inline Reader Reader::child(std::size_t declared) {
  if (status_ != ParseStatus::ok || declared > declared_) {
    fail(declared);
    Reader failed{position_, 0, 0};
    failed.status_ = status_;
    return failed;
  }
  const std::size_t present = declared < arrived_ ? declared : arrived_;
  Reader inner{position_, present, declared};
  position_ += present;
  arrived_ -= present;
  declared_ -= declared;
  return inner;
}

}  // namespace netscope
