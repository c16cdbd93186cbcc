// Any frames, really encrypted, in datagrams of one flow: what reassembly and hellos make of them. The first byte of
// each datagram picks its connection and whether it stays as it is; the next two say how long its frames are.
#include <cstdlib>

#include "core/inspect/quic_reader.h"
#include "support/quic_packets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netscope;
  static QuicReader reader;
  QuicInspection inspection;
  Sighting sighting;
  for (Reader input = Reader::whole({data, size}); !input.at_end();) {
    const std::uint8_t kind = input.u8();
    const Bytes frames = input.take(std::min<std::size_t>(input.u16() % 2048, input.arrived()));
    const test::Buffer datagram =
        (kind & 0x80) != 0 ? test::Buffer(frames.begin(), frames.end())
                           : test::quic_initial(frames, {.destination = test::Buffer(8, kind), .datagram_bytes = 0});
    reader.begin(inspection, datagram);
    while (reader.next(sighting)) {
      if (sighting.hello.alpn.size() > quic::kMaxDatagram) std::abort();
    }
    if (inspection.connections.size() > kMaxQuicConnections) std::abort();
  }
  return 0;
}
