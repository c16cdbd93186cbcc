// Capture files as other programs and other machines write them: pcap and pcapng in both byte orders, with every
// freedom that the formats leave. For tests and generators only.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netscope/base/time.h"
#include "support/conversation.h"

namespace netscope::test {

struct PcapFormat {
  std::uint32_t link_type = 1;
  bool nanoseconds = false;
  std::endian order = std::endian::little;
  std::uint32_t snap_length = 262144;
};

class PcapWriter {
 public:
  explicit PcapWriter(PcapFormat format = {});
  // Cuts to the snap length; the record keeps the original length.
  PcapWriter& add(Time at, Bytes frame);
  PcapWriter& add(const TimedPacket& packet) { return add(packet.at, packet.packet.bytes()); }
  const Buffer& file() const { return file_; }

 private:
  PcapFormat format_;
  Buffer file_;
};

struct PcapngInterface {
  std::uint32_t link_type = 1;
  std::optional<std::uint8_t> time_resolution = {};  // if_tsresol: 6, 9, or 0x80 + a power of two; absent: microseconds
  std::uint32_t snap_length = 262144;
  std::string name = {};
};

class PcapngWriter {
 public:
  // Opens a section; its interfaces count from 0 again.
  PcapngWriter& section(std::endian order = std::endian::little);
  PcapngWriter& interface(const PcapngInterface& interface);
  PcapngWriter& enhanced(std::uint32_t interface, Time at, Bytes frame, const std::string& comment = {});
  PcapngWriter& enhanced(const TimedPacket& packet);
  PcapngWriter& simple(Bytes frame);  // of interface 0, without a time
  PcapngWriter& block(std::uint32_t type, Bytes body);
  const Buffer& file() const { return file_; }

 private:
  void u16(Buffer& body, std::uint16_t value) const;
  void u32(Buffer& body, std::uint32_t value) const;
  void option(Buffer& body, std::uint16_t code, Bytes value) const;

  std::endian order_ = std::endian::little;
  std::vector<PcapngInterface> interfaces_;
  Buffer file_;
};

// All packets in one classic file. The link type is that of the first packet.
Buffer pcap_file(const std::vector<TimedPacket>& packets, PcapFormat format = {});

// Throws std::runtime_error when the file cannot be written.
void write_file(const std::string& path, Bytes contents);

}  // namespace netscope::test
