// The numbers of TLS that the parser and the fingerprint ask for.
#pragma once

#include <cstdint>

namespace netscope::tls {

inline constexpr std::uint16_t kServerNameExtension = 0;            // RFC 6066, section 3
inline constexpr std::uint16_t kSignatureAlgorithmsExtension = 13;  // RFC 8446, section 4.2.3
inline constexpr std::uint16_t kAlpnExtension = 16;                 // RFC 7301
inline constexpr std::uint16_t kSupportedVersionsExtension = 43;    // RFC 8446, section 4.2.1
inline constexpr std::uint16_t kEncryptedHelloExtension = 0xfe0d;   // RFC 9849
inline constexpr std::uint16_t kEncryptedNameExtension = 0xffce;    // its forerunner, ESNI

// Values that clients offer to keep servers tolerant (RFC 8701).
constexpr bool is_grease(std::uint16_t value) {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

}  // namespace netscope::tls
