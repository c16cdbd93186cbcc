// The numbers of TLS that the parser and the fingerprint ask for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace netscope::tls {

// RFC 8446, section 5.1 and appendix B.
inline constexpr std::uint8_t kChangeCipherSpec = 20;
inline constexpr std::uint8_t kHandshakeRecord = 22;
inline constexpr std::uint8_t kMajorVersion = 3;
inline constexpr std::size_t kRecordHeader = 5;
inline constexpr std::uint16_t kMaxRecord = 16384 + 2048;  // the longest of any version (RFC 5246, section 6.2.3)
inline constexpr std::uint16_t kMaxChangeCipherSpec = 1;   // RFC 5246, section 7.1
inline constexpr std::uint8_t kClientHello = 1;

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
