// Digests, by a library that the build chooses: nettle natively, @noble/hashes in the browser.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "netscope/base/bytes.h"

namespace netscope::crypto {

// SHA-1 (RFC 3174) of the bytes as base64 with padding (RFC 4648, section 4): 28 characters. For identifiers that are
// defined by it, not for secrets.
std::string sha1_base64(Bytes bytes);

using Sha256 = std::array<std::uint8_t, 32>;
// SHA-256 (FIPS 180-4) of the bytes.
Sha256 sha256(Bytes bytes);

}  // namespace netscope::crypto
