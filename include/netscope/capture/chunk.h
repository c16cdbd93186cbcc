// A stretch of a capture on its way through the engine: records in, packets, verdicts, and the bytes to write out.
//
// A chunk is small enough to stay in the processor's cache from reading to writing, and is read in pieces that stay in
// the cache of one core until their packets are made. Its packets are dealt out to a fixed number of shares by their
// flow's hash; each share has a Worker of its own, whoever runs it. So the result does not depend on how many threads
// there are: not even evictions do.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "netscope/capture/capture_parser.h"
#include "netscope/engine/event.h"
#include "netscope/engine/packet.h"
#include "netscope/flow/learned_names.h"

namespace netscope {

inline constexpr std::size_t kShares = 8;
inline constexpr std::size_t kChunkBytes = 1u << 20;  // a larger record makes a larger chunk
inline constexpr std::size_t kChunkRecords = 16384;
inline constexpr std::size_t kPieceBytes = 256u << 10;  // that are read and decoded at a time

// A record's place in its chunk.
struct RecordPlace {
  std::uint32_t begin = 0;  // of the record, in Chunk::bytes
  std::uint32_t raw_size = 0;
  std::uint32_t data_begin = 0;  // of the packet, in Chunk::bytes
  std::uint32_t data_size = 0;
  std::uint32_t size_on_wire = 0;
  std::uint32_t position = 0;  // of the packet in its share
  std::uint8_t share = 0;
  Record::Kind kind = Record::Kind::packet;
  bool wanted = true;  // false: left out by a capture filter; neither judged nor written
  LinkType link = LinkType::ethernet;
  Time time{};
};

// The packets of some flows and, once judged, their verdicts. They lie side by side, in the order in which their worker
// takes them: what one processor core writes for another to read had better be read in sequence.
struct Share {
  std::vector<Packet> packets;
  std::vector<Verdict> verdicts;
  std::vector<Event> events;
};

// What a packet of the chunk taught, and its number.
struct LearnedAt {
  NameAnswer answer;
  std::uint64_t number = 0;
};

struct Chunk {
  Bytes bytes;           // input: of `buffer`, as far as it is filled
  std::size_t used = 0;  // bytes of it that the records take; the rest belongs to the next chunk
  std::vector<std::uint8_t> buffer;
  std::vector<RecordPlace> records;
  std::size_t decoded = 0;  // of the records, by PacketDecoder
  std::array<Share, kShares> shares;
  std::vector<LearnedAt> learned;  // in the order of the packets; for all shares, before any of them is judged
  std::deque<Outer> outers;        // of tunnelled packets
  std::deque<std::vector<std::uint8_t>> datagrams;  // reassembled from fragments

  void clear();
  // Whether the record at this place is to be written. Everything that is no packet is.
  bool accepted(const RecordPlace& place) const {
    if (place.kind != Record::Kind::packet) return true;
    return place.wanted && shares[place.share].verdicts[place.position].action == Action::accept;
  }
};

// Takes whole records off the front of the chunk's input: at most kChunkRecords. Answers need_more when the input ends
// within a record (or at its end), malformed when the capture cannot be read on, ok when the chunk is full.
ParseStatus take_records(CaptureParser& parser, Chunk& chunk);

// How the accepted records leave.
enum class OutputFormat : std::uint8_t {
  as_read,       // the accepted stretches of the input as they lie there
  pcap_records,  // pcapng packets as pcap records
};

// The bytes to write for a chunk that is judged, as few stretches as possible. They point into the chunk or into
// `built`. Returns how many packets they are.
std::size_t plan_output(const Chunk& chunk, OutputFormat format, bool nanoseconds, std::vector<std::uint8_t>& built,
                        std::vector<Bytes>& stretches);

// The file header of a pcap file (draft-ietf-opsawg-pcap), little-endian.
std::vector<std::uint8_t> pcap_file_header(LinkType link, std::uint32_t snap_length, bool nanoseconds);

}  // namespace netscope
