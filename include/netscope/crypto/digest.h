// Digests, by a library that the build chooses: nettle natively, @noble/hashes in the browser.
#pragma once

#include <string>

#include "netscope/base/bytes.h"

namespace netscope::crypto {

// SHA-1 (RFC 3174) of the bytes as base64 with padding (RFC 4648, section 4): 28 characters. For identifiers that are
// defined by it, not for secrets.
std::string sha1_base64(Bytes bytes);

}  // namespace netscope::crypto
