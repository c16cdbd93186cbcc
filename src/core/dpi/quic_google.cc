// Google's QUIC before the TLS handshake (Q024 to Q046, and inside the Initial packets of Q050): a public header, a
// hash instead of an authentication, a STREAM frame, and a message of tagged values whose first tag is CHLO.
//
// None of it has an RFC. What is here is what "QUIC Wire Layout Specification" and "QUIC Crypto" of Google say, and
// what the captures of the time show.
#include <algorithm>

#include "core/dpi/quic.h"
#include "core/dpi/quic_versions.h"

namespace netscope::quic {
namespace {

constexpr std::size_t kHash = 12;  // FNV-1a, 96 bits of it
constexpr std::uint32_t kChlo = 0x43484c4f, kServerNameTag = 0x534e4900, kUserAgentTag = 0x55414944;
constexpr std::uint16_t kMaxTags = 128;
constexpr std::uint32_t kQ034 = 0x51303334;
constexpr std::uint8_t kStreamBit = 0x80;

bool is_google_version(std::uint32_t version) {
  const std::uint32_t tens = version >> 8 & 0xff, ones = version & 0xff;
  return version >> 16 == 0x5130 && tens >= '2' && tens <= '4' && ones >= '0' && ones <= '9';
}

// Behind the hash: PADDING, then the STREAM frame of the handshake from its beginning.
Parsed<GoogleHello> parse_frames(Reader reader, std::uint32_t version) {
  std::uint8_t type = reader.u8();
  while (type == 0 && !reader.at_end()) type = reader.u8();
  if (!reader.ok() || (type & kStreamBit) == 0) return ParseStatus::no_match;
  const std::size_t stream_bytes = (type & 3u) + 1;
  const std::size_t offset_bits = type >> 2 & 7u;
  reader.skip(stream_bytes);
  reader.skip(offset_bits == 0 ? 0 : offset_bits + 1);
  reader.skip((type & 0x20) != 0 ? 2 : 0);  // the frame's length, in an order that depends on the version
  if (!reader.ok()) return ParseStatus::no_match;
  Parsed<GoogleHello> hello = parse_google_hello(reader.rest());
  if (hello.status == ParseStatus::need_more) return ParseStatus::malformed;
  hello.value.version = version;
  return hello;
}

}  // namespace

Parsed<GoogleHello> parse_google_hello(Bytes message) {
  Reader reader = Reader::prefix(message);
  const std::uint32_t tag = reader.u32();
  if (reader.ok() && tag != kChlo) return ParseStatus::no_match;
  const std::uint16_t count = reader.u16_le();
  reader.skip(2);
  if (!reader.ok()) return reader.status();
  if (count == 0 || count > kMaxTags) return ParseStatus::malformed;
  Reader values = reader;
  values.skip(std::size_t{count} * 8);
  GoogleHello hello;
  std::uint32_t begin = 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    const std::uint32_t name = reader.u32();
    const std::uint32_t end = reader.u32_le();
    if (!reader.ok()) return reader.status();
    if (end < begin || end > kMaxDatagram) return ParseStatus::malformed;
    const Bytes value = values.take(end - begin);
    if (!values.ok()) return hello.server_name.empty() ? values.status() : Parsed<GoogleHello>(hello);
    if (name == kServerNameTag) hello.server_name = as_text(value);
    if (name == kUserAgentTag) hello.user_agent = as_text(value);
    begin = end;
  }
  return hello;
}

Parsed<GoogleHello> parse_google_datagram(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  const std::uint8_t first = reader.u8();
  if (!reader.ok() || !may_be_google(first)) return ParseStatus::no_match;
  const bool long_header = (first & 0x80) != 0;
  if (!long_header) reader.skip(8);  // the connection id stands first
  const std::uint32_t version = reader.u32();
  if (!reader.ok() || !is_google_version(version)) return ParseStatus::no_match;
  if (long_header) {
    const std::uint8_t lengths = reader.u8();  // RFC 8999 came later: two half bytes, 0 or length - 3
    reader.skip((lengths >> 4) == 0 ? 0 : (lengths >> 4) + 3u);
    reader.skip((lengths & 15) == 0 ? 0 : (lengths & 15) + 3u);
    reader.skip((first & 3u) + 1);
  } else {
    constexpr std::size_t kNumberBytes[]{1, 2, 4, 6};
    reader.skip(kNumberBytes[first >> 4 & 3]);
  }
  reader.skip(kHash + (version < kQ034 && !long_header ? 1 : 0));  // a byte of private flags until Q033
  return parse_frames(reader, version);
}

}  // namespace netscope::quic
