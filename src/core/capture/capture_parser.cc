#include "netscope/capture/capture_parser.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace netscope {
namespace {

// pcap's magic numbers, read big-endian (draft-ietf-opsawg-pcap).
constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4, kMicrosecondsSwapped = 0xd4c3b2a1, kNanoseconds = 0xa1b23c4d,
                        kNanosecondsSwapped = 0x4d3cb2a1, kModified = 0xa1b2cd34, kModifiedSwapped = 0x34cdb2a1;
// pcapng's block types (draft-ietf-opsawg-pcapng), and the byte-order magic of its section header.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kInterfaceDescription = 1, kObsoletePacket = 2, kSimplePacket = 3,
                        kEnhancedPacket = 6, kByteOrder = 0x1a2b3c4d, kByteOrderSwapped = 0x4d3c2b1a;

constexpr std::size_t kPcapHeaderSize = 24, kBlockOverhead = 12;

Time clamped(std::int64_t seconds, std::uint64_t nanoseconds) {
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / 2 / kNanosecondsPerSecond - 2;
  seconds = std::clamp(seconds, -kLimit, kLimit);
  return Time{Duration{seconds * kNanosecondsPerSecond + static_cast<std::int64_t>(nanoseconds)}};
}

std::string hex(std::uint32_t value) {
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

}  // namespace

ParseStatus CaptureParser::fail(std::string why) {
  error_ = std::move(why);
  return ParseStatus::malformed;
}

std::string CaptureParser::what_broke() const {
  return "at byte " + std::to_string(offset_) + ": " + error_ +
         (offset_ == 0 ? "" : "; what came before it was processed");
}

std::string CaptureParser::what_is_missing(std::size_t left) const {
  if (offset_ == 0) return "at byte 0: the file is too short to be a capture";
  if (left == 0) return "";
  return "at byte " + std::to_string(offset_) + ": the last record is cut off; what came before it was processed";
}

void CaptureParser::note_link(LinkType link) {
  if (std::find(link_types_.begin(), link_types_.end(), link) == link_types_.end()) link_types_.push_back(link);
}

ParseStatus CaptureParser::header_or_block(Bytes window, Record& record) {
  return started_ ? pcapng_block(window, record) : file_header(window, record);
}

ParseStatus CaptureParser::file_header(Bytes window, Record& record) {
  Reader in = Reader::prefix(window);
  const std::uint32_t magic = in.u32();
  if (!in.ok()) return ParseStatus::need_more;
  switch (magic) {
    case kMicroseconds:
    case kMicrosecondsSwapped:
    case kNanoseconds:
    case kNanosecondsSwapped:
    case kModified:
    case kModifiedSwapped: return pcap_header(in, magic, record);
    case kSectionHeader: format_ = CaptureFormat::pcapng; return pcapng_block(window, record);
    default: break;
  }
  if (magic >> 16 == 0x1f8b)
    return fail("it is compressed with gzip; unpack it first, as in: zcat FILE | netscope-nfq --pcap -");
  if (magic == 0x28b52ffd)
    return fail("it is compressed with zstd; unpack it first, as in: zstdcat FILE | netscope-nfq --pcap -");
  return fail("not a capture: it begins with " + hex(magic) +
              ", which neither pcap nor pcapng does; other formats are converted by: editcap FILE OUT.pcap");
}

ParseStatus CaptureParser::pcap_header(Reader in, std::uint32_t magic, Record& record) {
  big_endian_ = magic == kMicroseconds || magic == kNanoseconds || magic == kModified;
  nanoseconds_ = magic == kNanoseconds || magic == kNanosecondsSwapped;
  nanoseconds_per_unit_ = nanoseconds_ ? 1 : 1000;
  record_header_ = kRecordHeader + (magic == kModified || magic == kModifiedSwapped ? 8 : 0);
  const std::uint16_t major = u16(in);
  in.skip(10);
  snap_length_ = u32(in);
  const std::uint32_t link = u32(in);
  if (!in.ok()) return ParseStatus::need_more;
  if (major != 2) return fail("pcap version " + std::to_string(major) + " is not known; version 2 is");
  flaws_.snap_length_zero = snap_length_ == 0;
  link_ = static_cast<LinkType>(link & 0xffff);  // the upper half holds the length of a frame check sequence
  note_link(link_);
  started_ = true;
  record.kind = Record::Kind::header;
  record.raw_size = kPcapHeaderSize;
  return ParseStatus::ok;
}

ParseStatus CaptureParser::refuse_record(std::uint32_t captured) {
  return fail("the record claims " + std::to_string(captured) +
              " bytes, which no packet has; the file is damaged here");
}

void CaptureParser::note_larger() {
  if (flaws_.larger_than_snap_length++ == 0) flaws_.first_larger_offset = offset_;
}

ParseStatus CaptureParser::pcapng_block(Bytes window, Record& record) {
  Reader in = Reader::prefix(window);
  const bool section = in.u32() == kSectionHeader;  // the same in both byte orders
  if (section) {
    Reader peek = in;
    peek.skip(4);
    const std::uint32_t order = peek.u32();
    if (!peek.ok()) return ParseStatus::need_more;
    if (order != kByteOrder && order != kByteOrderSwapped)
      return fail("the section header's byte-order mark is " + hex(order));
    big_endian_ = order == kByteOrder;
  }
  in = Reader::prefix(window);
  const std::uint32_t type = u32(in);
  const std::uint32_t length = u32(in);
  if (!in.ok()) return ParseStatus::need_more;
  if (length < kBlockOverhead || length % 4 != 0 || length > kMaxRecord) {
    return fail("the block claims " + std::to_string(length) + " bytes, which no block has; the file is damaged here");
  }
  if (window.size() < length) return ParseStatus::need_more;
  Reader trailer = Reader::whole(window.subspan(length - 4, 4));
  if (u32(trailer) != length) return fail("the block's two lengths differ; the file is damaged here");
  record.raw_size = length;
  Reader body = Reader::whole(window.subspan(8, length - kBlockOverhead));
  record.data_begin = 8;
  switch (type) {
    case kSectionHeader: return section_header(body, record);
    case kInterfaceDescription: return interface_description(body, record);
    case kEnhancedPacket:
    case kSimplePacket:
    case kObsoletePacket: return packet_block(body, type, record);
    default: record.kind = Record::Kind::metadata; return ParseStatus::ok;
  }
}

ParseStatus CaptureParser::section_header(Reader body, Record& record) {
  body.skip(4);
  const std::uint16_t major = u16(body);
  body.skip(10);
  if (!body.ok()) return fail("the section header is too short");
  if (major != 1) return fail("pcapng version " + std::to_string(major) + " is not known; version 1 is");
  interfaces_.clear();
  started_ = true;
  record.kind = Record::Kind::header;
  return ParseStatus::ok;
}

ParseStatus CaptureParser::interface_description(Reader body, Record& record) {
  Interface interface;
  interface.link = static_cast<LinkType>(u16(body));
  body.skip(2);
  interface.snap_length = u32(body);
  if (!body.ok()) return fail("the interface description is too short");
  if (interfaces_.size() == kMaxInterfaces) return fail("more than " + std::to_string(kMaxInterfaces) + " interfaces");
  interface_options(body, interface);
  nanoseconds_ = nanoseconds_ || interface.units_per_second > 1'000'000;
  snap_length_ = std::max(snap_length_, interface.snap_length == 0 ? kFullSnapLength : interface.snap_length);
  note_link(interface.link);
  interfaces_.push_back(interface);
  record.kind = Record::Kind::header;
  return ParseStatus::ok;
}

// if_tsresol and if_tsoffset; a list that breaks off leaves the defaults.
void CaptureParser::interface_options(Reader options, Interface& interface) {
  while (!options.at_end()) {
    const std::uint16_t code = u16(options);
    const std::uint16_t length = u16(options);
    Reader value = Reader::whole(options.take(length));
    options.skip(-static_cast<std::size_t>(length) & 3);
    if (!options.ok() || code == 0) return;
    if (code == 9 && length == 1) {
      const std::uint8_t resolution = value.u8();
      const unsigned exponent = resolution & 0x7f;
      std::uint64_t units = 1;
      if ((resolution & 0x80) != 0) {
        units = std::uint64_t{1} << std::min(exponent, 63u);
      } else {
        for (unsigned i = 0; i < std::min(exponent, 19u); ++i) units *= 10;
      }
      interface.units_per_second = units;
    } else if (code == 14 && length == 8) {
      const std::uint64_t first = u32(value);
      const std::uint64_t second = u32(value);
      interface.offset_seconds = std::bit_cast<std::int64_t>(big_endian_ ? first << 32 | second : second << 32 | first);
    }
  }
}

ParseStatus CaptureParser::packet_block(Reader body, std::uint32_t type, Record& record) {
  const std::size_t whole = body.arrived();
  std::uint32_t interface_id = 0;
  std::uint64_t ticks = 0;
  std::uint32_t captured = 0;
  if (type != kSimplePacket) {
    if (type == kEnhancedPacket) {
      interface_id = u32(body);
    } else {
      interface_id = u16(body);
      body.skip(2);
    }
    ticks = std::uint64_t{u32(body)} << 32;
    ticks |= u32(body);
    captured = u32(body);
  }
  record.size_on_wire = u32(body);
  if (!body.ok()) return fail("the packet block is too short");
  if (interface_id >= interfaces_.size()) {
    return fail("the packet names interface " + std::to_string(interface_id) + ", of which there is no description");
  }
  const Interface& interface = interfaces_[interface_id];
  if (type == kSimplePacket) {
    captured = record.size_on_wire;
    if (interface.snap_length != 0) captured = std::min(captured, interface.snap_length);
    captured = std::min(captured, static_cast<std::uint32_t>(body.arrived()));
  }
  if (captured > body.arrived()) return fail("the packet claims more bytes than its block holds");
  record.data_begin += whole - body.arrived();
  record.data_size = captured;
  record.link = interface.link;
  const std::uint64_t units = interface.units_per_second;
  const auto seconds = static_cast<std::int64_t>(std::min<std::uint64_t>(ticks / units, std::uint64_t{1} << 40));
  const auto fraction =
      static_cast<std::uint64_t>(static_cast<unsigned __int128>(ticks % units) * kNanosecondsPerSecond / units);
  const std::int64_t offset =
      std::clamp<std::int64_t>(interface.offset_seconds, -(std::int64_t{1} << 40), std::int64_t{1} << 40);
  record.time = clamped(seconds + offset, fraction);
  if (interface.snap_length != 0 && captured > interface.snap_length) note_larger();
  return ParseStatus::ok;
}

}  // namespace netscope
