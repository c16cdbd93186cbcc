// QUIC over datagrams: long headers (RFC 8999, RFC 9000 section 17.2, RFC 9369), the keys of Initial packets and what
// they hold (RFC 9001, section 5), and the hello of Google's QUIC, which came before and is not encrypted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/crypto/packet_protection.h"
#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::quic {

// The longest connection id that the versions we know allow, in bytes.
inline constexpr std::size_t kMaxConnectionId = 20;
// The shortest that a client may make up for the server, in bytes (RFC 9000, section 7.2).
inline constexpr std::size_t kMinFirstConnectionId = 8;
// Room that open_initial needs at most, in bytes: a datagram.
inline constexpr std::size_t kMaxDatagram = 65535;

// The least datagram in which a client sends an Initial, in bytes (RFC 9000, section 14.1).
inline constexpr std::size_t kMinClientDatagram = 1200;

enum class PacketType : std::uint8_t { initial, zero_rtt, handshake, retry, version_negotiation };

// One packet with a long header. Views into the datagram.
struct LongHeader {
  PacketType type = PacketType::initial;
  std::uint32_t version = 0;  // 0: version negotiation
  Bytes destination{};        // connection ids
  Bytes source{};
  // The whole packet, as its Length field has it; of Retry and version negotiation, the rest of the datagram. What
  // lies behind it in the datagram is the next packet (RFC 9000, section 12.2).
  Bytes packet{};
  std::size_t number_offset = 0;  // where the protected packet number stands in `packet`; 0 where there is none
};

// Whether a datagram that begins with this byte may be one of QUIC's long headers: a filter worth one comparison.
constexpr bool may_be_long_header(std::uint8_t first) {
  return (first & 0x80) != 0;
}
// Whether it may be Google's, up to Q043 and Q046: long headers as well, or a public header with its version.
constexpr bool may_be_google(std::uint8_t first) {
  return (first & 0x80) != 0 || (first & 0xc9) == 0x09;
}

// The header of a datagram's first packet. no_match: a short header, a version that is not known, or no QUIC.
// malformed: a known version, but its own lengths lead behind the datagram's end. A version negotiation counts when
// it names a version that we know. Of a version that nobody knows, what may be a client's first Initial counts as
// one, in a datagram of kMinClientDatagram or more: it may go under keys that we know. Never need_more: a datagram is
// whole.
Parsed<LongHeader> parse_long_header(Bytes datagram);

// "1", "2", "draft-29", "Q046", "T051", "mvfst-27"; "0x0a1a2a3a" is for nobody to see: unknown ones are "unknown".
std::string_view version_name(std::uint32_t version);

// What protects the Initial packets of one side (RFC 9001, section 5.2).
struct InitialKeys {
  crypto::AesKey key{};
  crypto::Nonce iv{};
  crypto::AesKey header{};
};
enum class Sender : std::uint8_t { client, server };

// By the connection id that the client's first Initial was sent to, or the one that a Retry chose. Nothing for a
// version that is not known.
std::optional<InitialKeys> initial_keys(std::uint32_t version, Bytes destination, Sender sender = Sender::client);

// The versions whose keys an Initial of this version may be under, the likelier first: mostly itself, and of a version
// that nobody knows one with each salt, six at most. None for what opens no connection.
std::span<const std::uint32_t> versions_to_try(std::uint32_t version);

// Removes the protection of an Initial: ok with its frames, which lie in `scratch`. `scratch` must hold as many bytes
// as the packet has, and must not be where the packet lies. no_match: these are not its keys, or somebody changed it.
Parsed<Bytes> open_initial(const LongHeader& header, const InitialKeys& keys, std::span<std::uint8_t> scratch);

// A stretch of the handshake (RFC 9000, section 19.6).
struct CryptoFrame {
  std::uint64_t offset = 0;
  Bytes data{};
};
// The next CRYPTO frame; PADDING, PING, ACK and CONNECTION_CLOSE are passed over, and the reader moves behind what it
// read. no_match: there is none behind here. malformed: a frame breaks off, or is none that an Initial may carry.
Parsed<CryptoFrame> next_crypto_frame(std::uint32_t version, Reader& frames);

// The first message of Google's own handshake.
struct GoogleHello {
  std::string_view server_name{};  // empty when the tag is absent. View into the input.
  std::string_view user_agent{};
  std::uint32_t version = 0;
};
// A datagram up to Q046 that carries a whole CHLO in its first frames. no_match: something else.
// malformed: a CHLO that breaks its own lengths.
Parsed<GoogleHello> parse_google_datagram(Bytes datagram);
// The CHLO message alone, as Q050 carries it in a CRYPTO frame; need_more, no_match or malformed otherwise.
Parsed<GoogleHello> parse_google_hello(Bytes message);
// Whether the CRYPTO frames of this version carry Google's hello, and not TLS.
constexpr bool speaks_google(std::uint32_t version) {
  return version == 0x51303530;  // Q050
}

}  // namespace netscope::quic
