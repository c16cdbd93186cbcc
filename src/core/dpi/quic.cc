// QUIC hides the first packets of a connection under keys that everybody can derive: they follow from the connection
// id that the client made up for the server. So the way to a hello is
//
//   long header -> keys of its destination connection id -> header protection -> AEAD -> frames -> CRYPTO
//
// and the AEAD tag is the proof: what does not open is no Initial of a client, whatever its header says, and no server
// would read it either. Fakes without the right tag therefore need no thought at all.
//
// Later Initial packets of the same client are sent to the connection id that the server chose, under the keys of the
// first one; after a Retry the keys follow from the new id. Which keys fit is tried by the caller.
#include "core/dpi/quic.h"

#include <algorithm>

#include "core/dpi/quic_versions.h"

namespace netscope::quic {
namespace {

constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 62) - 1;
constexpr std::size_t kSampleOffset = 4;  // RFC 9001, section 5.4.2

// Frame types that an Initial may carry (RFC 9000, section 12.4).
constexpr std::uint64_t kPadding = 0x00, kPing = 0x01, kAck = 0x02, kAckEcn = 0x03, kCrypto = 0x06,
                        kConnectionClose = 0x1c;
constexpr std::uint64_t kGoogleCrypto = 0x08;
// Ranges of one ACK frame that are read on; each is at least two bytes.
constexpr std::uint64_t kMaxAckRanges = kMaxDatagram / 2;

// RFC 9000, section 16.
std::uint64_t varint(Reader& reader) {
  const std::uint8_t first = reader.u8();
  std::uint64_t value = first & 0x3f;
  for (int more = (1 << (first >> 6)) - 1; more > 0; --more) value = value << 8 | reader.u8();
  return reader.ok() ? value : 0;
}

PacketType type_of(std::uint8_t first, Dialect dialect) {
  const unsigned bits = first >> 4 & 3u;
  // RFC 9369, section 3.2: version 2 turns the four values by one.
  const unsigned type = dialect == Dialect::v2 ? (bits + 3) & 3u : bits;
  return static_cast<PacketType>(type);
}

// Whether this may begin an Initial of a version that is not known: with the fixed bit, and a type that one of the
// known versions gives an Initial.
bool may_be_unknown_initial(std::uint8_t first, std::uint32_t version, std::size_t datagram_size) {
  return datagram_size >= kMinClientDatagram && may_be_version(version) &&
         ((first & 0xf0) == 0xc0 || (first & 0xf0) == 0xd0);
}

// RFC 9000, section 17.2.1: the versions of the server, of which one has to be known.
Parsed<LongHeader> parse_version_negotiation(Reader reader, LongHeader header) {
  bool known = false;
  while (!reader.at_end()) {
    const std::uint32_t offered = reader.u32();
    known = known || (reader.ok() && find_version(offered) != nullptr);
  }
  if (!reader.ok() || !known) return ParseStatus::no_match;
  header.type = PacketType::version_negotiation;
  return header;
}

}  // namespace

Parsed<LongHeader> parse_long_header(Bytes datagram) {
  Reader reader = Reader::whole(datagram);
  LongHeader header;
  const std::uint8_t first = reader.u8();
  header.version = reader.u32();
  if (!reader.ok() || !may_be_long_header(first)) return ParseStatus::no_match;
  const VersionTraits* traits = find_version(header.version);
  if (traits == nullptr && header.version != 0 && !may_be_unknown_initial(first, header.version, datagram.size())) {
    return ParseStatus::no_match;
  }
  const ParseStatus failure = traits == nullptr ? ParseStatus::no_match : ParseStatus::malformed;
  header.destination = reader.take(reader.u8());
  header.source = reader.take(reader.u8());
  if (!reader.ok()) return failure;
  header.packet = datagram;
  if (header.version == 0) return parse_version_negotiation(reader, header);
  if (std::max(header.destination.size(), header.source.size()) > kMaxConnectionId) return failure;
  if (traits == nullptr && header.destination.size() < kMinFirstConnectionId) return failure;  // a long answer of DNS
  header.type = traits == nullptr ? PacketType::initial : type_of(first, traits->dialect);
  if (header.type == PacketType::retry) return header;
  if (header.type == PacketType::initial) {
    const std::uint64_t token = varint(reader);
    if (token > datagram.size()) return failure;
    reader.skip(static_cast<std::size_t>(token));
  }
  const std::uint64_t length = varint(reader);
  if (!reader.ok() || length > reader.arrived()) return failure;
  header.number_offset = datagram.size() - reader.arrived();
  header.packet = datagram.first(header.number_offset + static_cast<std::size_t>(length));
  return header;
}

std::optional<InitialKeys> initial_keys(std::uint32_t version, Bytes destination, Sender sender) {
  const VersionTraits* traits = find_version(version);
  if (traits == nullptr) return std::nullopt;
  const crypto::Secret initial = crypto::extract(*traits->salt, destination);
  crypto::Secret secret;
  crypto::expand_label(initial, sender == Sender::client ? "client in" : "server in", secret);
  const bool v2 = traits->dialect == Dialect::v2;
  InitialKeys keys;
  crypto::expand_label(secret, v2 ? "quicv2 key" : "quic key", keys.key);
  crypto::expand_label(secret, v2 ? "quicv2 iv" : "quic iv", keys.iv);
  crypto::expand_label(secret, v2 ? "quicv2 hp" : "quic hp", keys.header);
  return keys;
}

// RFC 9001, sections 5.3 and 5.4. The unprotected header goes to the front of `scratch`, the frames behind it.
Parsed<Bytes> open_initial(const LongHeader& header, const InitialKeys& keys, std::span<std::uint8_t> scratch) {
  if (header.type != PacketType::initial || scratch.size() < header.packet.size()) return ParseStatus::no_match;
  Reader protected_part = Reader::whole(header.packet.subspan(header.number_offset));
  protected_part.skip(kSampleOffset);
  const Bytes sample = protected_part.take(crypto::AesBlock{}.size());
  if (!protected_part.ok()) return ParseStatus::no_match;
  crypto::AesBlock block;
  std::ranges::copy(sample, block.begin());
  const crypto::AesBlock mask = crypto::encrypt_block(keys.header, block);

  const auto first = static_cast<std::uint8_t>(header.packet.front() ^ (mask.front() & 0x0f));
  const std::size_t number_size = std::size_t{first & 3u} + 1;
  const std::size_t header_size = header.number_offset + number_size;
  std::ranges::copy(header.packet.first(header_size), scratch.begin());
  scratch.front() = first;
  crypto::Nonce nonce = keys.iv;
  for (std::size_t i = 0; i < number_size; ++i) {
    std::uint8_t& byte = scratch[header.number_offset + i];
    byte ^= mask[1 + i];
    nonce[nonce.size() - number_size + i] ^= byte;
  }
  const Bytes sealed = header.packet.subspan(header_size);
  if (sealed.size() < crypto::kTagSize) return ParseStatus::no_match;
  const auto frames = scratch.subspan(header_size, sealed.size() - crypto::kTagSize);
  if (!crypto::open_gcm(keys.key, nonce, scratch.first(header_size), sealed, frames)) return ParseStatus::no_match;
  return Bytes{frames};
}

namespace {

// RFC 9000, section 19.3.
void skip_ack(Reader& frames, bool counts_ecn) {
  varint(frames);  // largest acknowledged
  varint(frames);  // delay
  const std::uint64_t ranges = varint(frames);
  varint(frames);  // the first range
  if (ranges > kMaxAckRanges) frames.skip(frames.arrived() + 1);
  for (std::uint64_t i = 0; i < ranges && frames.ok(); ++i) {
    varint(frames);
    varint(frames);
  }
  for (int i = 0; counts_ecn && i < 3; ++i) varint(frames);
}

// RFC 9000, section 19.19.
void skip_connection_close(Reader& frames) {
  varint(frames);  // error code
  varint(frames);  // frame type
  const std::uint64_t reason = varint(frames);
  frames.skip(static_cast<std::size_t>(std::min<std::uint64_t>(reason, kMaxDatagram + 1)));
}

}  // namespace

Parsed<CryptoFrame> next_crypto_frame(std::uint32_t version, Reader& frames) {
  const VersionTraits* traits = find_version(version);
  const bool google = traits != nullptr && traits->dialect == Dialect::google;
  while (!frames.at_end()) {
    const std::uint64_t type = varint(frames);
    if (type == kCrypto || (google && type == kGoogleCrypto)) {
      CryptoFrame frame{.offset = varint(frames)};
      const std::uint64_t size = varint(frames);
      frame.data = frames.take(static_cast<std::size_t>(std::min<std::uint64_t>(size, kMaxDatagram + 1)));
      if (!frames.ok() || frame.offset > kMaxVarint - size) return ParseStatus::malformed;
      return frame;
    }
    switch (type) {
      case kPadding:
      case kPing: break;
      case kAck: skip_ack(frames, false); break;
      case kAckEcn: skip_ack(frames, true); break;
      case kConnectionClose: skip_connection_close(frames); break;
      default: return ParseStatus::malformed;
    }
  }
  return frames.ok() ? ParseStatus::no_match : ParseStatus::malformed;
}

}  // namespace netscope::quic
