// Capture files as a stream of records: pcap in all its variants, and pcapng.
//
// One parser for files, pipes and the browser. libpcap reads the same formats, and the tests hold this parser against
// it; it is not used to read, because it refuses a pcapng whose interfaces differ in link type, cuts records that are
// larger than the snap length without a word, tells no offsets in its errors, and does not exist in a browser.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netscope/base/bytes.h"
#include "netscope/base/result.h"
#include "netscope/base/time.h"
#include "netscope/net/link_type.h"

namespace netscope {

// The largest record or block that is believed, in bytes; libpcap's own limit for packets is 256 KiB.
inline constexpr std::size_t kMaxRecord = 16u << 20;
// Interfaces of one pcapng section; each packet names one of them.
inline constexpr std::size_t kMaxInterfaces = 65536;
// The snap length that libpcap takes for "all of it".
inline constexpr std::uint32_t kFullSnapLength = 262144;

enum class CaptureFormat : std::uint8_t { pcap, pcapng };

struct Record {
  enum class Kind : std::uint8_t {
    packet,
    header,    // pcap's file header; pcapng's section headers and interfaces: needed to read what follows
    metadata,  // pcapng blocks that describe something else: names, statistics, comments, secrets
  };
  Kind kind = Kind::packet;
  LinkType link = LinkType::ethernet;
  std::uint32_t size_on_wire = 0;
  std::size_t raw_size = 0;    // bytes of the record in the file, its header and padding included
  std::size_t data_begin = 0;  // where the packet's bytes begin within the record
  std::size_t data_size = 0;
  Time time{};
};

// What is wrong with a capture though it can be read.
struct CaptureFlaws {
  bool snap_length_zero = false;
  std::uint64_t larger_than_snap_length = 0;  // records
  std::uint64_t first_larger_offset = 0;      // of the first of those, bytes from the beginning of the file
};

class CaptureParser {
 public:
  // The record that begins at the front of `window`; the window's next one begins raw_size bytes on. need_more: the
  // window ends within it. malformed: it cannot be read, and neither can what follows; error() says why, and offset()
  // where.
  [[gnu::always_inline]] ParseStatus next(Bytes window, Record& record) {
    ParseStatus status;
    if (started_ && format_ == CaptureFormat::pcap) [[likely]] {
      status = pcap_record(window, record);
    } else {
      record = {};
      status = header_or_block(window, record);
    }
    if (status == ParseStatus::ok) offset_ += record.raw_size;
    return status;
  }

  // Why `next` answered malformed.
  const std::string& error() const { return error_; }
  // The same for people: where, why, and what became of the rest.
  std::string what_broke() const;
  // What to tell people of a capture that ends with `left` bytes behind its last record; empty when it is whole.
  std::string what_is_missing(std::size_t left) const;
  // Where the record begins that the next call reads, in bytes from the beginning of the file.
  std::uint64_t offset() const { return offset_; }

  CaptureFormat format() const { return format_; }
  // Of a pcap file: whether times are in nanoseconds; of pcapng: whether any interface's are finer than microseconds.
  bool nanoseconds() const { return nanoseconds_; }
  // Of the whole file so far. Several link types only occur in pcapng.
  const std::vector<LinkType>& link_types() const { return link_types_; }
  std::uint32_t snap_length() const { return snap_length_; }
  const CaptureFlaws& flaws() const { return flaws_; }

 private:
  struct Interface {
    LinkType link = LinkType::ethernet;
    std::uint32_t snap_length = 0;  // 0: no limit
    std::uint64_t units_per_second = 1'000'000;
    std::int64_t offset_seconds = 0;
  };

  static constexpr std::uint32_t kRecordHeader = 16;  // of pcap, in bytes

  ParseStatus fail(std::string why);
  [[gnu::cold]] ParseStatus refuse_record(std::uint32_t captured);
  ParseStatus header_or_block(Bytes window, Record& record);
  ParseStatus file_header(Bytes window, Record& record);
  ParseStatus pcap_header(Reader in, std::uint32_t magic, Record& record);
  ParseStatus pcapng_block(Bytes window, Record& record);
  ParseStatus section_header(Reader body, Record& record);
  ParseStatus interface_description(Reader body, Record& record);
  void interface_options(Reader options, Interface& interface);
  ParseStatus packet_block(Reader body, std::uint32_t type, Record& record);
  void note_link(LinkType link);
  [[gnu::cold]] void note_larger();
  [[gnu::always_inline]] ParseStatus pcap_record(Bytes window, Record& record) {
    const std::size_t header = record_header_;
    if (window.size() < header) return ParseStatus::need_more;
    Reader in =
        Reader::whole(window.first<kRecordHeader>());  // whose size the compiler knows: nothing is checked twice
    const std::int64_t seconds = u32(in);
    const std::int64_t fraction = u32(in);
    const std::uint32_t captured = u32(in);
    if (captured > kMaxRecord) return refuse_record(captured);
    if (window.size() < header + captured) return ParseStatus::need_more;
    record = {.link = link_,
              .size_on_wire = u32(in),
              .raw_size = header + captured,
              .data_begin = header,
              .data_size = captured,
              .time = Time{Duration{seconds * kNanosecondsPerSecond + fraction * nanoseconds_per_unit_}}};
    if (captured > snap_length_ && snap_length_ != 0) note_larger();
    return ParseStatus::ok;
  }
  [[gnu::always_inline]] std::uint16_t u16(Reader& in) const { return big_endian_ ? in.u16() : in.u16_le(); }
  [[gnu::always_inline]] std::uint32_t u32(Reader& in) const { return big_endian_ ? in.u32() : in.u32_le(); }

  CaptureFormat format_ = CaptureFormat::pcap;
  bool started_ = false;
  bool big_endian_ = false;
  bool nanoseconds_ = false;
  std::uint32_t record_header_ = kRecordHeader;  // of a pcap file, in bytes; 24 in Kuznetzov's variant
  std::uint32_t nanoseconds_per_unit_ = 1000;
  std::uint32_t snap_length_ = 0;
  LinkType link_ = LinkType::ethernet;
  std::uint64_t offset_ = 0;
  std::vector<Interface> interfaces_;
  std::vector<LinkType> link_types_;
  CaptureFlaws flaws_;
  std::string error_;
};

}  // namespace netscope
