#include "support/capture_writer.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace netscope::test {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

void integer(Buffer& out, std::uint64_t value, unsigned count, std::endian order) {
  for (unsigned i = 0; i < count; ++i) {
    const unsigned byte = order == std::endian::little ? i : count - 1 - i;
    out.push_back(static_cast<std::uint8_t>(value >> (8 * byte) & 0xff));
  }
}

void append(Buffer& out, Bytes more) {
  out.insert(out.end(), more.begin(), more.end());
}

std::uint32_t size_of(Bytes bytes) {
  return static_cast<std::uint32_t>(bytes.size());
}

std::uint64_t nanoseconds_of(Time at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

// if_tsresol: the top bit chooses between powers of two and of ten.
std::uint64_t ticks_of(Time at, std::uint8_t resolution) {
  const std::uint64_t nanoseconds = nanoseconds_of(at);
  std::uint64_t ticks_per_second = 1;
  for (unsigned i = 0; i < (resolution & 0x7fu); ++i) ticks_per_second *= (resolution & 0x80u) != 0 ? 2 : 10;
  const std::uint64_t rest = nanoseconds % kNanosecondsPerSecond;
  return nanoseconds / kNanosecondsPerSecond * ticks_per_second +
         static_cast<std::uint64_t>(static_cast<long double>(rest) * static_cast<long double>(ticks_per_second) /
                                    static_cast<long double>(kNanosecondsPerSecond));
}

}  // namespace

PcapWriter::PcapWriter(PcapFormat format) : format_(format) {
  integer(file_, format_.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 4, format_.order);
  integer(file_, 2, 2, format_.order);
  integer(file_, 4, 2, format_.order);
  integer(file_, 0, 8, format_.order);
  integer(file_, format_.snap_length, 4, format_.order);
  integer(file_, format_.link_type, 4, format_.order);
}

PcapWriter& PcapWriter::add(Time at, Bytes frame) {
  const std::uint64_t nanoseconds = nanoseconds_of(at);
  const std::uint64_t fraction = nanoseconds % kNanosecondsPerSecond / (format_.nanoseconds ? 1 : 1000);
  const Bytes kept = frame.first(std::min<std::size_t>(frame.size(), format_.snap_length));
  integer(file_, nanoseconds / kNanosecondsPerSecond, 4, format_.order);
  integer(file_, fraction, 4, format_.order);
  integer(file_, kept.size(), 4, format_.order);
  integer(file_, frame.size(), 4, format_.order);
  append(file_, kept);
  return *this;
}

void PcapngWriter::u16(Buffer& body, std::uint16_t value) const {
  integer(body, value, 2, order_);
}
void PcapngWriter::u32(Buffer& body, std::uint32_t value) const {
  integer(body, value, 4, order_);
}

void PcapngWriter::option(Buffer& body, std::uint16_t code, Bytes value) const {
  u16(body, code);
  u16(body, static_cast<std::uint16_t>(value.size()));
  append(body, value);
  body.resize((body.size() + 3) / 4 * 4);
}

PcapngWriter& PcapngWriter::block(std::uint32_t type, Bytes body) {
  const std::uint32_t padded = (size_of(body) + 3) / 4 * 4;
  u32(file_, type);
  u32(file_, padded + 12);
  append(file_, body);
  file_.resize(file_.size() + padded - body.size());
  u32(file_, padded + 12);
  return *this;
}

PcapngWriter& PcapngWriter::section(std::endian order) {
  order_ = order;
  interfaces_.clear();
  Buffer body;
  u32(body, 0x1a2b3c4d);
  u16(body, 1);
  u16(body, 0);
  integer(body, ~std::uint64_t{0}, 8, order_);  // a section of unknown length, as live captures have
  option(body, 4, as_bytes("a test"));          // shb_userappl
  option(body, 0, {});
  return block(0x0a0d0d0a, body);
}

PcapngWriter& PcapngWriter::interface(const PcapngInterface& interface) {
  interfaces_.push_back(interface);
  Buffer body;
  u16(body, static_cast<std::uint16_t>(interface.link_type));
  u16(body, 0);
  u32(body, interface.snap_length);
  if (!interface.name.empty()) option(body, 2, as_bytes(interface.name));
  if (interface.time_resolution) option(body, 9, Buffer{*interface.time_resolution});
  if (!interface.name.empty() || interface.time_resolution) option(body, 0, {});
  return block(1, body);
}

PcapngWriter& PcapngWriter::enhanced(std::uint32_t interface, Time at, Bytes frame, const std::string& comment) {
  const PcapngInterface& where = interfaces_.at(interface);
  const std::uint64_t ticks = ticks_of(at, where.time_resolution.value_or(6));
  const Bytes kept = frame.first(std::min<std::size_t>(frame.size(), where.snap_length));
  Buffer body;
  u32(body, interface);
  u32(body, static_cast<std::uint32_t>(ticks >> 32));
  u32(body, static_cast<std::uint32_t>(ticks & 0xffffffff));
  u32(body, size_of(kept));
  u32(body, size_of(frame));
  append(body, kept);
  body.resize((body.size() + 3) / 4 * 4);
  if (!comment.empty()) {
    option(body, 1, as_bytes(comment));
    option(body, 0, {});
  }
  return block(6, body);
}

PcapngWriter& PcapngWriter::enhanced(const TimedPacket& packet) {
  return enhanced(packet.interface, packet.at, packet.packet.bytes());
}

PcapngWriter& PcapngWriter::simple(Bytes frame) {
  Buffer body;
  u32(body, size_of(frame));
  append(body, frame.first(std::min<std::size_t>(frame.size(), interfaces_.at(0).snap_length)));
  return block(3, body);
}

Buffer pcap_file(const std::vector<TimedPacket>& packets, PcapFormat format) {
  if (!packets.empty()) format.link_type = packets.front().packet.link_type();
  PcapWriter writer(format);
  for (const TimedPacket& packet : packets) writer.add(packet);
  return writer.file();
}

void write_file(const std::string& path, Bytes contents) {
  std::ofstream file(path, std::ios::binary);
  file.write(as_text(contents).data(), static_cast<std::streamsize>(contents.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace netscope::test
