// A whole capture, read record by record.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "netscope/capture/capture_parser.h"
#include "support/byte_writer.h"

namespace netscope::test {

struct CapturedPacket {
  Time at;
  std::uint32_t size_on_wire = 0;
  LinkType link = LinkType::ethernet;
  Buffer bytes;
  bool operator==(const CapturedPacket&) const = default;
};

struct Capture {
  CaptureParser parser;
  std::vector<CapturedPacket> packets;
  std::size_t headers = 0;
  std::size_t metadata = 0;
  ParseStatus end = ParseStatus::ok;
  std::string error;
};

inline Capture read(const Buffer& file) {
  Capture out;
  Bytes rest(file);
  Record record;
  while ((out.end = out.parser.next(rest, record)) == ParseStatus::ok) {
    EXPECT_LE(record.raw_size, rest.size());
    EXPECT_LE(record.data_begin + record.data_size, record.raw_size);
    EXPECT_GT(record.raw_size, 0u);
    if (record.kind == Record::Kind::packet) {
      const Bytes data = rest.subspan(record.data_begin, record.data_size);
      out.packets.push_back({record.time, record.size_on_wire, record.link, Buffer(data.begin(), data.end())});
    }
    out.headers += record.kind == Record::Kind::header ? 1 : 0;
    out.metadata += record.kind == Record::Kind::metadata ? 1 : 0;
    rest = rest.subspan(record.raw_size);
  }
  if (out.end == ParseStatus::malformed) out.error = out.parser.error();
  return out;
}

}  // namespace netscope::test
