#include "support/quic_packets.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace netscope::test {
namespace {

constexpr std::size_t kTag = 16;

// RFC 9001, section 5.2; RFC 9369, section 3.3.1; the drafts' sections 5.2; Google's and Facebook's as their sources
// have them.
std::string_view salt_of(std::uint32_t version) {
  using namespace std::string_view_literals;
  constexpr auto kVersion1 = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"sv;
  constexpr auto kDraft22 = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"sv;
  constexpr auto kDraft23 = "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"sv;
  constexpr auto kDraft29 = "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"sv;
  switch (version) {
    case kQuicVersion1:
    case 0xfaceb003:
    case 0xfaceb004:
    case 0xfacefeed:
    case 0xff000021:
    case 0xff000022: return kVersion1;
    case kQuicVersion2: return "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"sv;
    case kQuicVersion2Draft:
      return "\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3"sv;
    case kQuicDraft22:
    case 0xfaceb001: return kDraft22;
    case 0xfaceb002:
    case 0xfaceb00e: return kDraft23;
    case kQ050: return "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"sv;
    case 0x54303530: return "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"sv;
    case 0x54303531: return "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"sv;
    default:
      if (version >= 0xfaceb010 && version <= 0xfaceb015) return kDraft23;
      if (version >= kQuicDraft23 && version <= 0xff00001c) return kDraft23;
      if (version >= kQuicDraft29 && version <= 0xff000020) return kDraft29;
      throw std::invalid_argument("a version of QUIC that the tests do not write");
  }
}

Buffer hmac(Bytes key, Bytes text) {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), key.data());
  hmac_sha256_update(&context, text.size(), text.data());
  Buffer out(32);
  hmac_sha256_digest(&context, out.size(), out.data());
  return out;
}

// RFC 8446, section 7.1. At most 32 bytes: one round of HKDF-Expand.
Buffer expand(Bytes secret, std::string_view label, std::size_t size) {
  const std::string whole = "tls13 " + std::string(label);
  Buffer out = hmac(secret, ByteWriter().u16(size).counted_u8(as_bytes(whole)).u8(0).u8(1).buffer());
  out.resize(size);
  return out;
}

std::uint32_t written_as(const QuicInitialOptions& options) {
  return options.like == 0 ? options.version : options.like;
}

bool is_like_version_2(const QuicInitialOptions& options) {
  return written_as(options) == kQuicVersion2 || written_as(options) == kQuicVersion2Draft;
}

struct Keys {
  Buffer key, iv, header;
};

Keys keys_of(const QuicInitialOptions& options) {
  const Buffer& id = options.keys_of.empty() ? options.destination : options.keys_of;
  const Buffer secret =
      expand(hmac(as_bytes(salt_of(written_as(options))), id), options.from_server ? "server in" : "client in", 32);
  const std::string prefix = is_like_version_2(options) ? "quicv2 " : "quic ";
  return {expand(secret, prefix + "key", 16), expand(secret, prefix + "iv", 12), expand(secret, prefix + "hp", 16)};
}

enum class Type : std::uint8_t { initial, zero_rtt, handshake, retry };

std::uint8_t first_byte(Type type, const QuicInitialOptions& options, unsigned low_bits) {
  unsigned bits = static_cast<unsigned>(type);
  if (is_like_version_2(options)) bits = (bits + 1) & 3u;
  return static_cast<std::uint8_t>(0xc0u | bits << 4 | low_bits);
}

ByteWriter long_header(std::uint8_t first, const QuicInitialOptions& options) {
  return ByteWriter().u8(first).u32(options.version).counted_u8(options.destination).counted_u8(options.source);
}

Buffer varint_of_two(std::uint64_t value) {
  return ByteWriter().u16(0x4000u | value);
}

Buffer seal(const Keys& keys, std::uint32_t number, Bytes header, Bytes frames) {
  Buffer nonce = keys.iv;
  for (unsigned i = 0; i < 4; ++i) nonce[nonce.size() - 1 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
  gcm_aes128_ctx context;
  gcm_aes128_set_key(&context, keys.key.data());
  gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
  gcm_aes128_update(&context, header.size(), header.data());
  Buffer out(frames.size() + kTag);
  gcm_aes128_encrypt(&context, frames.size(), out.data(), frames.data());
  gcm_aes128_digest(&context, kTag, out.data() + frames.size());
  return out;
}

// RFC 9001, section 5.4.1.
void protect_header(const Keys& keys, Buffer& packet, std::size_t number_at, unsigned number_bytes) {
  aes128_ctx context;
  aes128_set_encrypt_key(&context, keys.header.data());
  std::array<std::uint8_t, 16> mask;
  aes128_encrypt(&context, mask.size(), mask.data(), packet.data() + number_at + 4);
  packet[0] = static_cast<std::uint8_t>(packet[0] ^ (mask[0] & 0x0f));
  for (unsigned i = 0; i < number_bytes; ++i) {
    packet[number_at + i] = static_cast<std::uint8_t>(packet[number_at + i] ^ mask[1 + i]);
  }
}

Buffer unreadable(Type type, const QuicInitialOptions& options, std::size_t size) {
  return long_header(first_byte(type, options, 3), options).bytes(varint_of_two(size)).bytes(noise(size, 77));
}

}  // namespace

Buffer varint(std::uint64_t value) {
  if (value < 0x40) return ByteWriter().u8(value);
  if (value < 0x4000) return ByteWriter().u16(0x4000u | value);
  if (value < 0x40000000) return ByteWriter().u32(0x80000000u | value);
  return ByteWriter().u32(0xc0000000u | value >> 32).u32(value & 0xffffffffu);
}

Buffer quic_initial(Bytes frames, const QuicInitialOptions& options) {
  const Keys keys = keys_of(options);
  const Buffer token = join({varint(options.token.size()), options.token});
  ByteWriter header = long_header(first_byte(Type::initial, options, options.number_bytes - 1), options).bytes(token);
  const std::size_t number_at = header.size() + 2;
  Buffer body(frames.begin(), frames.end());
  const std::size_t least = number_at + options.number_bytes + body.size() + kTag;
  if (options.datagram_bytes > least) body.resize(body.size() + options.datagram_bytes - least);
  while (body.size() + options.number_bytes < 4) body.push_back(0);  // or there would be nothing to sample
  header.bytes(varint_of_two(options.number_bytes + body.size() + kTag));
  for (unsigned i = options.number_bytes; i > 0; --i) header.u8(options.number >> (8 * (i - 1)) & 0xff);
  Buffer packet = join({header.buffer(), seal(keys, options.number, header.buffer(), body)});
  protect_header(keys, packet, number_at, options.number_bytes);
  return packet;
}

Buffer crypto_frame(std::uint64_t offset, Bytes data) {
  return ByteWriter().u8(6).bytes(varint(offset)).bytes(varint_of_two(data.size())).bytes(data);
}

Buffer ping_frame() {
  return {1};
}

Buffer padding_frames(std::size_t count) {
  return Buffer(count);
}

Buffer ack_frame(std::uint64_t largest, std::size_t further_ranges) {
  ByteWriter frame;
  frame.u8(2).bytes(varint(largest)).bytes(varint(100)).bytes(varint(further_ranges)).u8(0);
  for (std::size_t i = 0; i < further_ranges; ++i) frame.u8(1).u8(0);
  return frame;
}

Buffer connection_close_frame(std::string_view reason) {
  return ByteWriter().u8(0x1c).u8(10).u8(6).bytes(varint(reason.size())).text(reason);
}

std::vector<Buffer> crypto_frames(Bytes message, std::size_t frame_bytes) {
  std::vector<Buffer> frames;
  for (std::size_t at = 0; at < message.size(); at += frame_bytes) {
    frames.push_back(crypto_frame(at, message.subspan(at, std::min(frame_bytes, message.size() - at))));
  }
  return frames;
}

Buffer quic_handshake(const QuicInitialOptions& options, std::size_t size) {
  return unreadable(Type::handshake, options, size);
}

Buffer quic_zero_rtt(const QuicInitialOptions& options, std::size_t size) {
  return unreadable(Type::zero_rtt, options, size);
}

Buffer quic_short(std::size_t size, std::uint64_t seed) {
  Buffer packet = noise(size, seed);
  packet.front() = static_cast<std::uint8_t>(0x40 | (packet.front() & 0x3f));
  return packet;
}

Buffer quic_retry(const QuicInitialOptions& options) {
  return long_header(first_byte(Type::retry, options, 0), options).bytes(options.token).bytes(noise(16, 78));
}

Buffer quic_version_negotiation(const std::vector<std::uint32_t>& versions) {
  ByteWriter packet = long_header(0x80, {.version = 0});
  for (const std::uint32_t version : versions) packet.u32(version);
  return packet;
}

Buffer quic_hello(std::string_view name, const QuicInitialOptions& options, const HelloOptions& hello) {
  return quic_initial(crypto_frame(0, client_hello_message(name, hello)), options);
}

Buffer google_chlo(std::string_view name) {
  struct Value {
    std::string_view tag, value;
  };
  using namespace std::string_view_literals;
  const Value values[]{{"PAD\0"sv, "-----------"}, {"SNI\0"sv, name}, {"VER\0"sv, "Q046"}, {"UAID"sv, "a browser"}};
  const auto little = [](ByteWriter& to, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) to.u8(value >> (8 * i) & 0xff);
  };
  ByteWriter head, tail;
  head.text("CHLO").u8(std::size(values)).u8(0).u16(0);
  for (const Value& value : values) {
    tail.text(value.value);
    head.text(value.tag);
    little(head, static_cast<std::uint32_t>(tail.size()));
  }
  return join({head, tail});
}

Buffer google_q043(std::string_view name) {
  const Buffer chlo = google_chlo(name);
  return ByteWriter()
      .u8(0x09)
      .bytes(noise(8, 79))
      .text("Q043")
      .u8(1)
      .bytes(noise(12, 80))
      .u8(0xa0)
      .u8(1)
      .counted_u16(chlo);
}

Buffer google_q046(std::string_view name) {
  const Buffer chlo = google_chlo(name);
  ByteWriter packet;
  packet.u8(0xc3).text("Q046").u8(0x50).bytes(noise(8, 79)).u32(1).bytes(noise(12, 80));
  return packet.u8(0xa0).u8(1).counted_u16(chlo).fill(200, 0);
}

}  // namespace netscope::test
