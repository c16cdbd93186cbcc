// The port's native side: nettle.

#include "core/crypto/packet_protection.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>

namespace netscope::crypto {
namespace {

// nettle's functions take a context of any hash as void*.
void update(void* context, std::size_t size, const std::uint8_t* bytes) {
  hmac_sha256_update(static_cast<hmac_sha256_ctx*>(context), size, bytes);
}
void digest(void* context, std::size_t size, std::uint8_t* out) {
  hmac_sha256_digest(static_cast<hmac_sha256_ctx*>(context), size, out);
}

}  // namespace

Secret extract(Bytes salt, Bytes input) {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, salt.size(), salt.data());
  Secret secret;
  hkdf_extract(&context, update, digest, secret.size(), input.size(), input.data(), secret.data());
  return secret;
}

void expand_label(const Secret& secret, std::string_view label, std::span<std::uint8_t> out) {
  constexpr std::string_view kPrefix = "tls13 ";
  std::array<std::uint8_t, 4 + kPrefix.size() + kMaxLabel> info{};
  label = label.substr(0, kMaxLabel);
  info[1] = static_cast<std::uint8_t>(out.size());
  info[2] = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  const auto behind_prefix = std::ranges::copy(kPrefix, info.begin() + 3).out;
  std::ranges::copy(label, behind_prefix);  // and a zero behind it: the context is empty
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, secret.size(), secret.data());
  hkdf_expand(&context, update, digest, secret.size(), 4 + kPrefix.size() + label.size(), info.data(), out.size(),
              out.data());
}

AesBlock encrypt_block(const AesKey& key, const AesBlock& block) {
  aes128_ctx context;
  aes128_set_encrypt_key(&context, key.data());
  AesBlock out;
  aes128_encrypt(&context, out.size(), out.data(), block.data());
  return out;
}

bool open_gcm(const AesKey& key, const Nonce& nonce, Bytes associated, Bytes sealed, std::span<std::uint8_t> out) {
  if (sealed.size() < kTagSize || out.size() < sealed.size() - kTagSize) return false;
  const Bytes hidden = sealed.first(sealed.size() - kTagSize);
  gcm_aes128_ctx context;
  gcm_aes128_set_key(&context, key.data());
  gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
  gcm_aes128_update(&context, associated.size(), associated.data());
  gcm_aes128_decrypt(&context, hidden.size(), out.data(), hidden.data());
  std::array<std::uint8_t, kTagSize> tag;
  gcm_aes128_digest(&context, tag.size(), tag.data());
  return memeql_sec(tag.data(), sealed.data() + hidden.size(), tag.size()) != 0;
}

}  // namespace netscope::crypto
