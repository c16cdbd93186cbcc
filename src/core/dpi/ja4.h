// JA4: which software a ClientHello was written by, as a short text that many databases know. This is the TLS client
// fingerprint of FoxIO's JA4 specification (BSD-3-Clause), and none of its relatives (JA4+).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "netscope/base/bytes.h"
#include "netscope/base/result.h"

namespace netscope::tls {

enum class HelloOver : std::uint8_t { tcp, quic, dtls };

// Ten characters, "_", twelve, "_", twelve: t13d1516h2_8daaf6152771_b186095e22b6.
inline constexpr std::size_t kJa4Size = 36;

// Of a whole handshake message of a ClientHello, as parse_client_hello or parse_dtls_client_hello found it; empty when
// it does not read as one to its end. Allocates.
std::string ja4_of(Bytes hello, HelloOver over);

// A fingerprint, its first two parts or its first part, each of which holds for everything that begins with it; an
// error says what a fingerprint looks like.
Result<std::string> parse_ja4_pattern(std::string_view written);
// Whether it has these parts, whole ones.
bool ja4_matches(std::string_view ja4, std::string_view pattern);

}  // namespace netscope::tls
