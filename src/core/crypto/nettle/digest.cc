// The port's native side: nettle.

#include "core/crypto/digest.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include <array>

namespace netscope::crypto {

std::string sha1_base64(Bytes bytes) {
  sha1_ctx context;
  sha1_init(&context);
  sha1_update(&context, bytes.size(), bytes.data());
  std::array<std::uint8_t, SHA1_DIGEST_SIZE> digest;
  sha1_digest(&context, digest.size(), digest.data());
  std::array<char, BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE)> text;
  base64_encode_raw(text.data(), digest.size(), digest.data());
  return {text.data(), text.size()};
}

Sha256 sha256(Bytes bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), bytes.data());
  Sha256 digest;
  sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

}  // namespace netscope::crypto
