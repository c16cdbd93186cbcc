#include "frame_writer.h"

#include <bit>
#include <cstring>
#include <stdexcept>

namespace netscope::bench {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{8} << 20;
constexpr std::size_t kLargestFrame = 16 + 2048;
constexpr std::size_t kSmallestFrame = 60;
constexpr std::uint64_t kBeginSeconds = 1'700'000'000;

std::uint8_t* put16(std::uint8_t* at, std::uint64_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8 & 0xff);
  at[1] = static_cast<std::uint8_t>(value & 0xff);
  return at + 2;
}
std::uint8_t* put32(std::uint8_t* at, std::uint64_t value) {
  return put16(put16(at, value >> 16), value);
}
std::uint8_t* put32_little(std::uint8_t* at, std::uint64_t value) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i) & 0xff);
  return at + 4;
}
std::uint8_t* put(std::uint8_t* at, const std::uint8_t* bytes, std::size_t count) {
  if (count > 0) std::memcpy(at, bytes, count);
  return at + count;
}

// The unfolded sum of RFC 1071 in the machine's own order, four bytes at a time.
std::uint64_t sum_of(const std::uint8_t* bytes, std::size_t count, std::uint64_t sum = 0) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    std::uint32_t word;
    std::memcpy(&word, bytes + i, 4);
    sum += word;
  }
  std::uint32_t tail = 0;
  if (i < count) std::memcpy(&tail, bytes + i, count - i);
  return sum + tail;
}

void put_checksum(std::uint8_t* at, std::uint64_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const auto checksum = static_cast<std::uint16_t>(~sum & 0xffff);
  std::memcpy(at, &checksum, 2);
}

}  // namespace

struct FrameWriter::Segment {
  std::uint8_t protocol;
  std::array<std::uint8_t, 20> header{};
  std::size_t header_size;
  std::size_t checksum_offset;
  Bytes payload;
};

FrameWriter::FrameWriter(const std::string& path) : file_(std::fopen(path.c_str(), "wb")), buffer_(kBufferBytes) {
  if (!file_) throw std::runtime_error("cannot open " + path);
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);
  std::uint8_t* at = put32_little(buffer_.data(), 0xa1b2c3d4);
  at = put32_little(at, 4u << 16 | 2u);
  at = put32_little(put32_little(at, 0), 0);
  at = put32_little(put32_little(at, 262144), 1);
  filled_ = static_cast<std::size_t>(at - buffer_.data());
}

void FrameWriter::tcp(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, const TcpFields& fields,
                      Bytes payload) {
  Segment segment{.protocol = 6, .header_size = 20, .checksum_offset = 16, .payload = payload};
  std::uint8_t* at = put32(put32(segment.header.data() + 4, fields.sequence), fields.acknowledgement);
  *at++ = 0x50;
  *at++ = fields.flags;
  put16(at, 64240);
  frame(microseconds, ends, sender, segment);
}

void FrameWriter::udp(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, Bytes payload) {
  Segment segment{.protocol = 17, .header_size = 8, .checksum_offset = 6, .payload = payload};
  put16(segment.header.data() + 4, 8 + payload.size());
  frame(microseconds, ends, sender, segment);
}

void FrameWriter::frame(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, Segment& segment) {
  if (filled_ + kLargestFrame > buffer_.size()) flush();
  const bool forth = sender == Sender::client;
  const auto& source = forth ? ends.client : ends.server;
  const auto& destination = forth ? ends.server : ends.client;
  put16(segment.header.data(), forth ? ends.client_port : ends.server_port);
  put16(segment.header.data() + 2, forth ? ends.server_port : ends.client_port);
  const std::size_t inside = segment.header_size + segment.payload.size();
  const std::size_t address_size = ends.is_v6 ? 16 : 4;

  std::uint8_t* const record = buffer_.data() + filled_;
  std::uint8_t* const begin = record + 16;
  constexpr std::uint8_t kMacs[2][6] = {{2, 0, 0, 0, 0, 0x01}, {2, 0, 0, 0, 0, 0x14}};
  std::uint8_t* at = put(put(begin, kMacs[forth ? 0 : 1], 6), kMacs[forth ? 1 : 0], 6);
  at = put16(at, ends.is_v6 ? 0x86dd : 0x0800);
  std::uint8_t* const ip = at;
  if (ends.is_v6) {
    at = put32(at, 0x60000000);
    at = put16(at, inside);
    at = put16(at, static_cast<std::uint64_t>(segment.protocol) << 8 | 64);
  } else {
    at = put16(put16(at, 0x4500), 20 + inside);
    at = put16(put16(at, frames_ & 0xffff), 0x4000);
    at = put16(put16(at, 64 << 8 | segment.protocol), 0);
  }
  at = put(put(at, source.data(), address_size), destination.data(), address_size);
  if (!ends.is_v6) put_checksum(ip + 10, sum_of(ip, 20));

  std::uint8_t* const transport = at;
  at = put(put(at, segment.header.data(), segment.header_size), segment.payload.data(), segment.payload.size());
  std::uint8_t tail[4];
  put16(put16(tail, segment.protocol), inside);
  const std::uint64_t pseudo = sum_of(transport - 2 * address_size, 2 * address_size, sum_of(tail, 4));
  put_checksum(transport + segment.checksum_offset, sum_of(transport, inside, pseudo));

  while (at < begin + kSmallestFrame) *at++ = 0;
  const auto size = static_cast<std::size_t>(at - begin);
  put32_little(put32_little(record, kBeginSeconds + microseconds / 1'000'000), microseconds % 1'000'000);
  put32_little(put32_little(record + 8, size), size);
  filled_ += 16 + size;
  ++frames_;
}

void FrameWriter::flush() {
  if (std::fwrite(buffer_.data(), 1, filled_, file_.get()) != filled_) throw std::runtime_error("cannot write");
  filled_ = 0;
}

void FrameWriter::close() {
  flush();
  if (std::fclose(file_.release()) != 0) throw std::runtime_error("cannot write");
}

}  // namespace netscope::bench
