#include "netscope/capture/chunk.h"

#include <algorithm>
#include <bit>

#include "core/net/plain_packet.h"

namespace netscope {
namespace {

// The offline fan-out is the same on every run, so that anybody may aim at one share; what he gains is to fill that
// share's table. A few instructions are enough, then, to spread what nobody aims.
// A connection of QUIC may move to another port: all between two addresses is one worker's.
[[gnu::always_inline]] inline std::size_t share_of(PacketKind kind, const FlowKey& key) {
  constexpr std::uint16_t kQuicPort = 443;
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  static_assert(std::has_single_bit(kShares));
  if (kind != PacketKind::of_flow && kind != PacketKind::quoting) return 0;
  const FlowKey::Words words = key.words();
  const bool by_addresses =
      key.ip_protocol == ip_protocol::udp && (key.low_port == kQuicPort || key.high_port == kQuicPort);
  const std::uint64_t ports = by_addresses ? 0 : words[4];
  const std::uint64_t addresses =
      words[0] ^ std::rotl(words[1], 16) ^ std::rotl(words[2], 29) ^ std::rotl(words[3], 45);
  return static_cast<std::size_t>((addresses ^ std::rotl(ports, 7)) * kGoldenRatio >> (64 - std::countr_zero(kShares)));
}

template <class Integer>
void append_le(std::vector<std::uint8_t>& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

void Chunk::clear() {
  used = decoded = 0;
  records.clear();
  for (Share& share : shares) {
    share.packets.clear();
    share.verdicts.clear();
    share.events.clear();
  }
  learned.clear();
  outers.clear();
  datagrams.clear();
}

ParseStatus take_records(CaptureParser& parser, Chunk& chunk) {
  Record record;
  while (chunk.records.size() < kChunkRecords) {
    const ParseStatus status = parser.next(chunk.bytes.subspan(chunk.used), record);
    if (status != ParseStatus::ok) return status;
    chunk.records.push_back({.begin = static_cast<std::uint32_t>(chunk.used),
                             .raw_size = static_cast<std::uint32_t>(record.raw_size),
                             .data_begin = static_cast<std::uint32_t>(chunk.used + record.data_begin),
                             .data_size = static_cast<std::uint32_t>(record.data_size),
                             .size_on_wire = record.size_on_wire,
                             .kind = record.kind,
                             .link = record.link,
                             .time = record.time});
    chunk.used += record.raw_size;
  }
  return ParseStatus::ok;
}

PacketKind PacketDecoder::reassemble(Headers& headers, Time time, Chunk& chunk) {
  std::vector<std::uint8_t> datagram;
  switch (defragmenter_.add(headers, time, datagram)) {
    case Defragmenter::Outcome::pending: return PacketKind::fragment;
    case Defragmenter::Outcome::of_flow: return PacketKind::of_flow;
    case Defragmenter::Outcome::complete:
      chunk.datagrams.push_back(std::move(datagram));
      return headers.status == HeaderStatus::ok ? PacketKind::of_flow : PacketKind::malformed;
    case Defragmenter::Outcome::overlapping:
    case Defragmenter::Outcome::too_large: break;
  }
  return PacketKind::malformed;
}

// A function of its own, and a hot one: GCC makes small what is inlined into code that is entered once, however long
// that then runs. Version 6 goes the other way: with both, the function is so large that GCC inlines nothing into it.
[[gnu::hot, gnu::noinline]] void PacketDecoder::decode_record(RecordPlace& place, Chunk& chunk) {
  const Bytes frame = chunk.bytes.subspan(place.data_begin, place.data_size);
  if (Headers headers; decode_plain_ipv4_frame(frame, place.link, tunnels_, headers)) [[likely]] {
    append(headers, PacketKind::of_flow, place, chunk);
  } else {
    decode_any(frame, place, chunk);
  }
}

void PacketDecoder::decode_any(Bytes frame, RecordPlace& place, Chunk& chunk) {
  Headers headers = decode_frame(frame, place.link, tunnels_);
  const bool fragment = headers.status == HeaderStatus::ok && headers.fragment.present;
  append(headers, fragment ? reassemble(headers, place.time, chunk) : kind_of(headers), place, chunk);
}

// Inline, so that headers which were decoded a moment ago need not exist.
[[gnu::always_inline]] inline void PacketDecoder::append(const Headers& headers, PacketKind kind, RecordPlace& place,
                                                         Chunk& chunk) {
  const DirectedKey directed = flow_key(headers);
  place.share = static_cast<std::uint8_t>(share_of(kind, directed.key));
  std::vector<Packet>& packets = chunk.shares[place.share].packets;
  place.position = static_cast<std::uint32_t>(packets.size());
  Packet& packet = packets.emplace_back();
  fill_in(packet, headers, directed);
  packet.kind = kind;
  packet.time = place.time;
  packet.size_on_wire = place.size_on_wire;
  packet.number = number_;
  if (headers.outer && kind == PacketKind::of_flow) packet.outer = &chunk.outers.emplace_back(*headers.outer);
  if (!answers_ || !AnswerWatch::concerns(packet)) return;
  if (auto answer = answers_->see(packet)) chunk.learned.push_back({std::move(*answer), number_});
}

void PacketDecoder::decode(Chunk& chunk) {
  for (; chunk.decoded < chunk.records.size(); ++chunk.decoded) {
    RecordPlace& place = chunk.records[chunk.decoded];
    if (place.kind != Record::Kind::packet) continue;
    ++number_;
    if (place.wanted) decode_record(place, chunk);
  }
  for (Share& share : chunk.shares) share.verdicts.resize(share.packets.size());
}

std::size_t plan_output(const Chunk& chunk, OutputFormat format, bool nanoseconds, std::vector<std::uint8_t>& built,
                        std::vector<Bytes>& stretches) {
  built.clear();
  stretches.clear();
  const Bytes bytes = chunk.bytes;
  std::size_t packets = 0;
  std::size_t begin = 0, end = 0;  // of the stretch that grows
  const auto flush = [&] {
    if (begin < end) stretches.push_back(bytes.subspan(begin, end - begin));
  };
  for (const RecordPlace& place : chunk.records) {
    const bool packet = place.kind == Record::Kind::packet;
    if (!chunk.accepted(place)) continue;
    packets += packet ? 1 : 0;
    if (format == OutputFormat::as_read) {
      if (place.begin != end) {
        flush();
        begin = place.begin;
      }
      end = place.begin + place.raw_size;
    } else if (packet) {
      const auto since = place.time.time_since_epoch();
      const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
      append_le(built, static_cast<std::uint32_t>(seconds.count()));
      append_le(built, static_cast<std::uint32_t>((since - seconds).count() / (nanoseconds ? 1 : 1000)));
      append_le(built, place.data_size);
      append_le(built, place.size_on_wire);
      const Bytes data = bytes.subspan(place.data_begin, place.data_size);
      built.insert(built.end(), data.begin(), data.end());
    }
  }
  if (format == OutputFormat::as_read) flush();
  if (!built.empty()) stretches.emplace_back(built);
  return packets;
}

std::vector<std::uint8_t> pcap_file_header(LinkType link, std::uint32_t snap_length, bool nanoseconds) {
  std::vector<std::uint8_t> header;
  append_le(header, nanoseconds ? 0xa1b23c4du : 0xa1b2c3d4u);
  append_le(header, std::uint16_t{2});
  append_le(header, std::uint16_t{4});
  append_le(header, std::uint64_t{0});
  append_le(header, snap_length);
  append_le(header, static_cast<std::uint32_t>(link));
  return header;
}

}  // namespace netscope
