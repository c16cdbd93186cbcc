// The port's side in the browser: functions that the page brings along.

#include "core/crypto/packet_protection.h"

namespace netscope::crypto {
namespace {

extern "C" {
// From the page: 32 bytes to `out`.
[[clang::import_module("netscope_crypto"), clang::import_name("hkdf_extract")]] void netscope_hkdf_extract(
    const std::uint8_t* salt, std::size_t salt_size, const std::uint8_t* input, std::size_t input_size,
    std::uint8_t* out);
// `size` bytes to `out`; the secret has 32, the label is without "tls13 ".
[[clang::import_module("netscope_crypto"), clang::import_name("hkdf_expand_label")]] void netscope_hkdf_expand_label(
    const std::uint8_t* secret, const char* label, std::size_t label_size, std::uint8_t* out, std::size_t size);
// 16 bytes of key, 16 of block, 16 to `out`.
[[clang::import_module("netscope_crypto"), clang::import_name("aes128_encrypt_block")]] void
netscope_aes128_encrypt_block(const std::uint8_t* key, const std::uint8_t* block, std::uint8_t* out);
// 16 bytes of key, 12 of nonce; `sealed_size` - 16 bytes to `out`. 1, or 0 when the tag does not fit.
[[clang::import_module("netscope_crypto"), clang::import_name("aes128_gcm_open")]] int netscope_aes128_gcm_open(
    const std::uint8_t* key, const std::uint8_t* nonce, const std::uint8_t* associated, std::size_t associated_size,
    const std::uint8_t* sealed, std::size_t sealed_size, std::uint8_t* out);
}

}  // namespace

Secret extract(Bytes salt, Bytes input) {
  Secret secret;
  netscope_hkdf_extract(salt.data(), salt.size(), input.data(), input.size(), secret.data());
  return secret;
}

void expand_label(const Secret& secret, std::string_view label, std::span<std::uint8_t> out) {
  label = label.substr(0, kMaxLabel);
  netscope_hkdf_expand_label(secret.data(), label.data(), label.size(), out.data(), out.size());
}

AesBlock encrypt_block(const AesKey& key, const AesBlock& block) {
  AesBlock out;
  netscope_aes128_encrypt_block(key.data(), block.data(), out.data());
  return out;
}

bool open_gcm(const AesKey& key, const Nonce& nonce, Bytes associated, Bytes sealed, std::span<std::uint8_t> out) {
  if (sealed.size() < kTagSize || out.size() < sealed.size() - kTagSize) return false;
  return netscope_aes128_gcm_open(key.data(), nonce.data(), associated.data(), associated.size(), sealed.data(),
                                  sealed.size(), out.data()) != 0;
}

}  // namespace netscope::crypto
