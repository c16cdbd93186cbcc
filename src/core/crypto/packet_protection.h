// What it takes to open the first packets of a QUIC connection, by a library that the build chooses: nettle natively,
// @noble/ciphers and @noble/hashes in the browser. Their keys are no secrets: everybody on the way can derive them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "netscope/base/bytes.h"

namespace netscope::crypto {

using Secret = std::array<std::uint8_t, 32>;    // of SHA-256
using AesKey = std::array<std::uint8_t, 16>;    // of AES-128
using AesBlock = std::array<std::uint8_t, 16>;  // of AES in any size
using Nonce = std::array<std::uint8_t, 12>;     // of GCM

inline constexpr std::size_t kTagSize = 16;  // of GCM

// The largest label and result of expand_label, in bytes: QUIC's are far below.
inline constexpr std::size_t kMaxLabel = 64, kMaxExpanded = 32;

// HKDF-Extract with SHA-256 (RFC 5869, section 2.2).
Secret extract(Bytes salt, Bytes input);

// HKDF-Expand-Label with SHA-256 and no context (RFC 8446, section 7.1): fills `out`. `label` is without "tls13 ".
void expand_label(const Secret& secret, std::string_view label, std::span<std::uint8_t> out);

// One block of AES-128: header protection (RFC 9001, section 5.4.3).
AesBlock encrypt_block(const AesKey& key, const AesBlock& block);

// Opens AEAD_AES_128_GCM (RFC 5116, section 5.1). `sealed` ends with the tag; `out` takes the rest of it, must hold
// that many bytes and must not overlap it. False when the tag does not fit: what `out` then holds is worth nothing.
bool open_gcm(const AesKey& key, const Nonce& nonce, Bytes associated, Bytes sealed, std::span<std::uint8_t> out);

}  // namespace netscope::crypto
