// DTLS over datagrams (RFC 6347, RFC 9147): the handshake's pieces, as far as they are not encrypted.
#pragma once

#include <array>
#include <cstdint>

#include "netscope/base/bytes.h"
#include "netscope/base/parsed.h"

namespace netscope::dtls {

// Pieces of one datagram that are read; more are left.
inline constexpr std::size_t kMaxFragments = 32;
inline constexpr std::uint8_t kHandshakeRecord = 22;
inline constexpr std::uint8_t kClientHello = 1, kServerHello = 2, kHelloVerifyRequest = 3;

// A stretch of a handshake message (RFC 6347, section 4.2.2). A view into the datagram.
struct Fragment {
  std::uint8_t type = 0;
  std::uint16_t message = 0;  // its number
  std::uint32_t length = 0;   // of the whole message
  std::uint32_t offset = 0;
  Bytes data{};
};
struct Fragments {
  std::array<Fragment, kMaxFragments> list{};
  std::size_t count = 0;
};

// Whether parse_datagram has anything to say of it; costs a byte's look, and room for no pieces.
inline bool may_begin(Bytes datagram) {
  return !datagram.empty() && datagram[0] == kHandshakeRecord;
}
// The pieces in a datagram's records. no_match: it does not begin with a handshake record in the clear.
// malformed: it does, and a length leads behind its end. Never need_more: a datagram is whole.
Parsed<Fragments> parse_datagram(Bytes datagram);

}  // namespace netscope::dtls
