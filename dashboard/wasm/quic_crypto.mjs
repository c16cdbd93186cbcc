// The port of src/crypto/browser/packet_protection.cc: what opens QUIC's Initial packets, by @noble's ciphers and hashes.
import { ecb, gcm } from "@noble/ciphers/aes.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

const utf8 = new TextEncoder();

/** HkdfLabel with an empty context (RFC 8446, section 7.1). */
function hkdfLabel(/** @type {Uint8Array} */ label, /** @type {number} */ size) {
  const prefix = utf8.encode("tls13 ");
  return Uint8Array.of(size >> 8, size & 255, prefix.length + label.length, ...prefix, ...label, 0);
}

/**
 * The functions that the core imports from `netscope_crypto` for QUIC. Places and sizes are of the core's memory.
 * @param {() => Uint8Array} memory the core's memory as it is now: it moves when it grows
 */
export function quicCrypto(memory) {
  const copy = (/** @type {number} */ at, /** @type {number} */ size) => memory().slice(at, at + size);
  return {
    hkdf_extract: (
      /** @type {number} */ salt,
      /** @type {number} */ saltSize,
      /** @type {number} */ input,
      /** @type {number} */ inputSize,
      /** @type {number} */ out,
    ) => memory().set(extract(sha256, copy(input, inputSize), copy(salt, saltSize)), out),

    hkdf_expand_label: (
      /** @type {number} */ secret,
      /** @type {number} */ label,
      /** @type {number} */ labelSize,
      /** @type {number} */ out,
      /** @type {number} */ size,
    ) => memory().set(expand(sha256, copy(secret, 32), hkdfLabel(copy(label, labelSize), size), size), out),

    aes128_encrypt_block: (
      /** @type {number} */ key,
      /** @type {number} */ block,
      /** @type {number} */ out,
    ) => memory().set(ecb(copy(key, 16), { disablePadding: true }).encrypt(copy(block, 16)), out),

    /** 1, or 0 when the tag does not fit. */
    aes128_gcm_open: (
      /** @type {number} */ key,
      /** @type {number} */ nonce,
      /** @type {number} */ associated,
      /** @type {number} */ associatedSize,
      /** @type {number} */ sealed,
      /** @type {number} */ sealedSize,
      /** @type {number} */ out,
    ) => {
      try {
        const cipher = gcm(copy(key, 16), copy(nonce, 12), copy(associated, associatedSize));
        memory().set(cipher.decrypt(copy(sealed, sealedSize)), out);
        return 1;
      } catch {
        return 0;
      }
    },
  };
}
