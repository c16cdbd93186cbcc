#include "app/control/sha256.h"

#include <nettle/sha2.h>

#include <array>

#include "netscope/base/bytes.h"

namespace netscope {

std::string sha256_hex(std::string_view text) {
  sha256_ctx state;
  sha256_init(&state);
  const Bytes bytes = as_bytes(text);
  sha256_update(&state, bytes.size(), bytes.data());
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&state, digest.size(), digest.data());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace netscope
