// The port of src/core/crypto/browser/packet_protection.cc: what opens QUIC's Initial packets, by @noble's ciphers and hashes.
import { ecb, gcm } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const utf8 = new TextEncoder();
const kHashSize = 32;

/**
 * HMAC-SHA-256 of many short messages under few keys: what a key sets up is kept until the next key comes, and its
 * states are copied into a hash that is kept as well. A connection takes five of them.
 */
class KeyedHash {
  key = new Uint8Array(0);
  ready = hmac.create(sha256, this.key);
  working = this.ready.clone();

  /** What it answers is overwritten by the next call. */
  of(/** @type {Uint8Array} */ key, /** @type {Uint8Array} */ message) {
    if (key.length !== this.key.length || key.some((byte, i) => byte !== this.key[i])) {
      this.key = key.slice();
      this.ready = hmac.create(sha256, this.key);
    }
    this.ready._cloneInto(this.working).update(message).digestInto(this.digest);
    return this.digest;
  }
  digest = new Uint8Array(kHashSize);
}

/** The one block that HKDF-Expand takes for at most 32 bytes (RFC 5869, section 2.3; RFC 8446, section 7.1). */
function expandMessage(/** @type {Uint8Array} */ label, /** @type {number} */ size) {
  const prefix = utf8.encode("tls13 ");
  return Uint8Array.of(size >> 8, size & 255, prefix.length + label.length, ...prefix, ...label, 0, 1);
}

/**
 * The functions that the core imports from `netscope_crypto` for QUIC. Places and sizes are of the core's memory.
 * @param {() => Uint8Array} memory the core's memory as it is now: it moves when it grows
 */
export function quicCrypto(memory) {
  const copy = (/** @type {number} */ at, /** @type {number} */ size) => memory().slice(at, at + size);
  const view = (/** @type {number} */ at, /** @type {number} */ size) => memory().subarray(at, at + size);
  const salted = new KeyedHash(); // the salt is one of a few, mostly the same
  const secretly = new KeyedHash();
  /** @type {Map<string, Uint8Array>} */
  const messages = new Map(); // by label and size, of which there are a few
  const messageOf = (/** @type {Uint8Array} */ label, /** @type {number} */ size) => {
    const key = size + String.fromCharCode(...label);
    let message = messages.get(key);
    if (!message) messages.set(key, (message = expandMessage(label, size)));
    return message;
  };
  return {
    hkdf_extract: (
      /** @type {number} */ salt,
      /** @type {number} */ saltSize,
      /** @type {number} */ input,
      /** @type {number} */ inputSize,
      /** @type {number} */ out,
    ) => memory().set(salted.of(view(salt, saltSize), view(input, inputSize)), out),

    hkdf_expand_label: (
      /** @type {number} */ secret,
      /** @type {number} */ label,
      /** @type {number} */ labelSize,
      /** @type {number} */ out,
      /** @type {number} */ size,
    ) => memory().set(secretly.of(view(secret, kHashSize), messageOf(view(label, labelSize), size)).subarray(0, size), out),

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
