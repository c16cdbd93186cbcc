#include "netscope/capture/chunk.h"

#include <chrono>

namespace netscope {
namespace {

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
