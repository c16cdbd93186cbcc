// Messages of a queue as the kernel writes them, attribute by attribute.
//
//   const Buffer datagram = QueueMessage(7).packet_header(1, 0x0800, 2).mark(5).payload(packet).datagram();
#pragma once

#include <bit>
#include <cstdint>

#include "support/byte_writer.h"

namespace netscope::test {

// The headers of netlink are in the machine's order; tests run where that is little-endian.
static_assert(std::endian::native == std::endian::little);

class QueueMessage {
 public:
  explicit QueueMessage(std::uint16_t queue, std::uint16_t type = 0x0300) : type_(type) {
    body_.u8(2).u8(0).u16(queue);  // nfgenmsg: AF_INET, version 0, the queue
  }

  QueueMessage& packet_header(std::uint32_t id, std::uint16_t ethertype, std::uint8_t hook) {
    return attribute(1, ByteWriter().u32(id).u16(ethertype).u8(hook));
  }
  QueueMessage& mark(std::uint32_t mark) { return attribute(3, ByteWriter().u32(mark)); }
  QueueMessage& interfaces(std::uint32_t in, std::uint32_t out) {
    return attribute(5, ByteWriter().u32(in)).attribute(6, ByteWriter().u32(out));
  }
  QueueMessage& sender(Bytes address) {
    return attribute(9, ByteWriter().u16(address.size()).u16(0).bytes(address).fill(8 - address.size(), 0));
  }
  QueueMessage& payload(Bytes packet) { return attribute(10, ByteWriter().bytes(packet)); }
  QueueMessage& captured_length(std::uint32_t size) { return attribute(13, ByteWriter().u32(size)); }
  QueueMessage& buffer_flags(std::uint32_t flags) { return attribute(14, ByteWriter().u32(flags)); }
  QueueMessage& attribute(std::uint16_t type, const Buffer& value) {
    host_u16(body_, static_cast<std::uint16_t>(value.size() + 4));
    host_u16(body_, type);
    body_.bytes(value).fill((4 - value.size() % 4) % 4, 0);
    return *this;
  }

  Buffer datagram() const { return message(type_, body_.buffer()); }

  static Buffer message(std::uint16_t type, Bytes body, std::uint32_t sequence = 0) {
    ByteWriter out;
    host_u32(out, static_cast<std::uint32_t>(16 + body.size()));
    host_u16(out, type);
    host_u16(out, 0);
    host_u32(out, sequence);
    host_u32(out, 0);
    return out.bytes(body);
  }
  // nlmsgerr: the error, negative, and the header of the message it is about.
  static Buffer reply(int error, std::uint16_t to_type, std::uint32_t sequence) {
    ByteWriter body;
    host_u32(body, static_cast<std::uint32_t>(-error));
    body.bytes(message(to_type, {}, sequence));
    return message(2, body.buffer());
  }

  static void host_u16(ByteWriter& out, std::uint16_t value) { out.u8(value & 0xff).u8(value >> 8); }
  static void host_u32(ByteWriter& out, std::uint32_t value) {
    host_u16(out, static_cast<std::uint16_t>(value));
    host_u16(out, static_cast<std::uint16_t>(value >> 16));
  }

 private:
  std::uint16_t type_;
  ByteWriter body_;
};

}  // namespace netscope::test
