// The packets of a capture as another sender would have cut them: the same bytes, the same names.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "core/dpi/quic.h"
#include "netscope/engine/packet.h"
#include "support/byte_writer.h"

namespace netscope::corpus {

struct Cut {
  std::string_view name;
  std::size_t segment_bytes = 0;  // of TCP payload; 0: as it was
  bool reversed_pairs = false;    // each two neighbouring segments in reverse
  bool quic = false;              // every CRYPTO frame in three, in any order, over two datagrams
};

class Recutter {
 public:
  explicit Recutter(const Cut& cut) : cut_(cut) {}

  // Packets in the place of these. Their payloads live as long as `packets`' and this object.
  std::vector<Packet> recut(std::span<const Packet> packets);

 private:
  struct Connection {
    std::uint32_t version;
    test::Buffer id;
    std::uint32_t next_number = 0;
  };

  void cut_segment(const Packet& packet, std::vector<Packet>& out) const;
  void cut_datagram(const Packet& packet, std::vector<Packet>& out);
  bool cut_initial(const Packet& packet, const quic::LongHeader& header, std::vector<Packet>& out);
  void send(const Packet& like, test::Buffer datagram, std::vector<Packet>& out);

  Cut cut_;
  std::mt19937 random_{1};
  std::map<std::uint64_t, std::vector<Connection>> connections_;  // by the flow's hash
  std::deque<test::Buffer> datagrams_;
};

}  // namespace netscope::corpus
