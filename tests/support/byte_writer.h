// Integers written into bytes: the way in which all test traffic is made. It shares nothing with the product's Reader,
// so that the two cannot agree on a mistake.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "netscope/base/bytes.h"

namespace netscope::test {

using Buffer = std::vector<std::uint8_t>;

// Appends big-endian integers, the network's order.
class ByteWriter {
 public:
  ByteWriter& u8(std::uint64_t value) { return integer(value, 1); }
  ByteWriter& u16(std::uint64_t value) { return integer(value, 2); }
  ByteWriter& u24(std::uint64_t value) { return integer(value, 3); }
  ByteWriter& u32(std::uint64_t value) { return integer(value, 4); }
  ByteWriter& bytes(Bytes more);
  ByteWriter& text(std::string_view more) { return bytes(as_bytes(more)); }
  ByteWriter& fill(std::size_t count, std::uint8_t value);
  // The length of `more` in one, two or three bytes, then `more`: the vectors of TLS and the strings of DNS.
  ByteWriter& counted_u8(Bytes more) { return u8(more.size()).bytes(more); }
  ByteWriter& counted_u16(Bytes more) { return u16(more.size()).bytes(more); }
  ByteWriter& counted_u24(Bytes more) { return u24(more.size()).bytes(more); }

  std::size_t size() const { return buffer_.size(); }
  void patch_u16(std::size_t offset, std::uint16_t value);
  const Buffer& buffer() const { return buffer_; }
  operator Buffer() const { return buffer_; }

 private:
  ByteWriter& integer(std::uint64_t value, unsigned count);

  Buffer buffer_;
};

// RFC 1071. `initial` is an unfolded sum that goes before: that of a pseudo-header.
std::uint16_t internet_checksum(Bytes bytes, std::uint32_t initial = 0);

// One buffer of several, in their order.
Buffer join(std::initializer_list<Buffer> parts);

// Bytes that look like noise and are the same for the same seed.
Buffer noise(std::size_t count, std::uint64_t seed = 1);

}  // namespace netscope::test
