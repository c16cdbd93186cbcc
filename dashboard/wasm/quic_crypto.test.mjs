// The port against RFC 9001, appendix A: the same answers as nettle's side gives in tests/unit/core/dpi.
import { describe, expect, it } from "vitest";
import { quicCrypto } from "./quic_crypto.mjs";

const memory = new Uint8Array(4096);
const port = quicCrypto(() => memory);

function put(/** @type {number} */ at, /** @type {string} */ hex) {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  memory.set(bytes, at);
  return bytes.length;
}
function shown(/** @type {number} */ at, /** @type {number} */ size) {
  return Array.from(memory.slice(at, at + size), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function expanded(/** @type {number} */ secret, /** @type {string} */ label, /** @type {number} */ out, /** @type {number} */ size) {
  memory.set(new TextEncoder().encode(label), 1000);
  port.hkdf_expand_label(secret, 1000, label.length, out, size);
  return shown(out, size);
}

describe("QUIC's Initial keys", () => {
  put(0, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  put(100, "8394c8f03e515708");
  port.hkdf_extract(0, 20, 100, 8, 200);

  it("follow from the client's connection id", () => {
    expanded(200, "client in", 300, 32);
    expect(expanded(300, "quic key", 400, 16)).toBe("1f369613dd76d5467730efcbe3b1a22d");
    expect(expanded(300, "quic iv", 420, 12)).toBe("fa044b2f42a3fd3b46fb255c");
    expect(expanded(300, "quic hp", 440, 16)).toBe("9f50449e04a0e810283a1e9933adedd2");
  });

  it("give the mask of the header", () => {
    expanded(200, "client in", 300, 32);
    expanded(300, "quic hp", 440, 16);
    put(500, "d1b1c98dd7689fb8ec11d242b123dc9b");
    port.aes128_encrypt_block(440, 500, 520);
    expect(shown(520, 5)).toBe("437b9aec36");
  });

  it("open what the server sealed, and nothing that was changed", () => {
    expanded(200, "server in", 300, 32);
    expanded(300, "quic key", 400, 16);
    expanded(300, "quic iv", 420, 12);
    memory[431] ^= 1; // its packet number
    const header = put(600, "c1000000010008f067a5502a4262b50040750001");
    const sealed = put(
      700,
      "5a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df354" +
        "8e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407d" +
        "d074ee",
    );
    expect(port.aes128_gcm_open(400, 420, 600, header, 700, sealed, 2000)).toBe(1);
    expect(shown(2000, 16)).toBe("02000000000600405a020000560303ee");
    memory[700] ^= 1;
    expect(port.aes128_gcm_open(400, 420, 600, header, 700, sealed, 2000)).toBe(0);
  });
});
