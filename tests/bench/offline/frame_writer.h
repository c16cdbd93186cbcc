// Ethernet frames of TCP and UDP straight into a capture file, millions of them in seconds. The library of the tests
// composes better prose, one allocation a word; here the headers are laid down in place.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "netscope/base/bytes.h"

namespace netscope::bench {

// The two ends of a flow; of IPv4 addresses the first four bytes count.
struct FlowEnds {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> client{};
  std::array<std::uint8_t, 16> server{};
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
};

enum class Sender { client, server };

struct TcpFields {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0x10;
};

// Writes a classic pcap with microseconds. Throws std::runtime_error when the file cannot be written.
class FrameWriter {
 public:
  explicit FrameWriter(const std::string& path);

  void tcp(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, const TcpFields& fields, Bytes payload);
  void udp(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, Bytes payload);
  std::uint64_t frames() const { return frames_; }
  void close();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Segment;

  void frame(std::uint64_t microseconds, const FlowEnds& ends, Sender sender, Segment& segment);
  void flush();

  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<std::uint8_t> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace netscope::bench
