#include "support/byte_writer.h"

namespace netscope::test {

ByteWriter& ByteWriter::bytes(Bytes more) {
  buffer_.insert(buffer_.end(), more.begin(), more.end());
  return *this;
}

ByteWriter& ByteWriter::fill(std::size_t count, std::uint8_t value) {
  buffer_.insert(buffer_.end(), count, value);
  return *this;
}

void ByteWriter::patch_u16(std::size_t offset, std::uint16_t value) {
  buffer_.at(offset) = static_cast<std::uint8_t>(value >> 8);
  buffer_.at(offset + 1) = static_cast<std::uint8_t>(value & 0xff);
}

ByteWriter& ByteWriter::integer(std::uint64_t value, unsigned count) {
  for (unsigned i = count; i > 0; --i) buffer_.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1)) & 0xff));
  return *this;
}

std::uint16_t internet_checksum(Bytes bytes, std::uint32_t initial) {
  std::uint64_t sum = initial;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  if (bytes.size() % 2 == 1) sum += static_cast<std::uint32_t>(bytes.back() << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

Buffer join(std::initializer_list<Buffer> parts) {
  Buffer whole;
  for (const Buffer& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

Buffer noise(std::size_t count, std::uint64_t seed) {
  Buffer bytes;
  bytes.reserve(count);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL;
  for (std::size_t i = 0; i < count; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes.push_back(static_cast<std::uint8_t>(state >> 56));
  }
  return bytes;
}

}  // namespace netscope::test
