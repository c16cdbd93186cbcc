// The compiled core as an object: text and bytes in, JSON out. For the page's worker and for Node alike.
//
// The module is a WASI reactor; nothing of WASI is behind it but an end that says why.
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { quicCrypto } from "./quic_crypto.mjs";
import { regex } from "./regex.mjs";

/** What the core says of wrong input. `line`, `column`: of rules; `begin`, `end`: of a filter, in bytes. */
export class CoreError extends Error {
  constructor(/** @type {{message: string, line?: number, column?: number, begin?: number, end?: number}} */ error) {
    super(error.message);
    Object.assign(this, error);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function base64(/** @type {Uint8Array} */ bytes) {
  return btoa(String.fromCharCode(...bytes));
}

const kHashesKept = 4096;
const letters = new TextDecoder("latin1"); // each byte is a letter of its own
const hashesKept = new Map();
/** JA4 hashes what clients offer, and a network's clients are of a few kinds: the same texts come again and again. */
function sha256Again(/** @type {Uint8Array} */ bytes) {
  const text = letters.decode(bytes);
  let hash = hashesKept.get(text);
  if (hash === undefined) {
    if (hashesKept.size === kHashesKept) hashesKept.clear();
    hashesKept.set(text, (hash = sha256(bytes)));
  }
  return hash;
}

export class Core {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    let seen = new Uint8Array(0);
    const memory = () => (seen.buffer === this.exports.memory.buffer ? seen : (seen = new Uint8Array(this.exports.memory.buffer)));
    const nothing = () => 8; // EBADF
    const imports = {
      netscope_crypto: {
        sha1_base64: (data, size, text) => memory().set(encoder.encode(base64(sha1(memory().slice(data, data + size)))), text),
        sha256: (data, size, out) => memory().set(sha256Again(memory().subarray(data, data + size)), out),
        ...quicCrypto(memory),
      },
      netscope_regex: regex(memory),
      wasi_snapshot_preview1: {
        environ_get: () => 0,
        environ_sizes_get: (count, size) => {
          const view = new DataView(this.exports.memory.buffer);
          view.setUint32(count, 0, true);
          view.setUint32(size, 0, true);
          return 0;
        },
        fd_close: nothing,
        fd_seek: nothing,
        fd_write: nothing,
        proc_exit: (code) => {
          throw new Error(`the core ended with ${code}: out of memory, or a fault of its own`);
        },
      },
    };
    /** @type {any} */
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.exports._initialize();
  }

  /** Puts bytes where the next call finds them. @returns their number */
  put(/** @type {Uint8Array | string} */ data) {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    const at = this.exports.buffer(bytes.length);
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    return bytes.length;
  }
  bytes() {
    return new Uint8Array(this.exports.memory.buffer, this.exports.result(), this.exports.result_size()).slice();
  }
  text() {
    return decoder.decode(this.bytes());
  }
  /** @returns {any} what the call answered; throws what it complained of */
  answer(/** @type {number} */ code) {
    const text = this.text();
    const value = text === "" ? undefined : JSON.parse(text);
    if (code !== 0) throw new CoreError(value.error);
    return value;
  }

  /** Begins anew with these rules (TOML): an analysis, or a gateway's flows. */
  open(/** @type {string} */ rules, live = false) {
    this.answer(this.exports.open(this.put(rules), live ? 1 : 0));
  }
  /** Throws what is wrong with the rules. */
  check(/** @type {string} */ rules) {
    this.answer(this.exports.check(this.put(rules)));
  }
  feed(/** @type {Uint8Array} */ bytes) {
    for (let at = 0; at < bytes.length; ) {
      const room = this.exports.room(); // first: it may replace the memory
      const part = bytes.subarray(at, at + this.exports.room_size());
      new Uint8Array(this.exports.memory.buffer, room, part.length).set(part);
      this.answer(this.exports.take(part.length));
      at += part.length;
    }
  }
  endCapture() {
    this.answer(this.exports.end_capture());
  }
  finish() {
    return this.answer(this.exports.finish());
  }
  addFlow(/** @type {string} */ row) {
    this.answer(this.exports.add_flow(this.put(row)));
  }
  /** The rules that hold at the gateway now: flows are explained by them, and tried against them. */
  setRules(/** @type {string} */ rules) {
    this.answer(this.exports.set_rules(this.put(rules)));
  }
  /** What these rules would make of the gateway's flows, as compare() tells it. */
  tryDraft(/** @type {string} */ rules) {
    return this.answer(this.exports.try_draft(this.put(rules)));
  }
  /** Which of the gateway's flows are in view, by their ids. @returns {boolean[]} */
  inView(/** @type {number[]} */ ids) {
    const words = BigUint64Array.from(ids, BigInt);
    this.exports.in_view(this.put(new Uint8Array(words.buffer)));
    return Array.from(this.bytes(), (byte) => byte === 1);
  }
  /** Times in seconds since 1970; 0, 0: all. */
  select(/** @type {string} */ filter, from = 0, to = 0) {
    return this.answer(this.exports.select(this.put(filter), from, to));
  }
  sort(/** @type {number} */ column, /** @type {boolean} */ descending) {
    this.exports.sort(column, descending ? 1 : 0);
  }
  stats(/** @type {string} */ name, /** @type {number} */ now) {
    return this.answer(this.exports.stats(this.put(name), now));
  }
  packets(/** @type {number} */ first, /** @type {number} */ count) {
    return this.answer(this.exports.packets(first, count));
  }
  flows(/** @type {number} */ first, /** @type {number} */ count) {
    return this.answer(this.exports.flows(first, count));
  }
  flow(/** @type {number} */ id) {
    const [row, rest] = this.answer(this.exports.flow(id));
    return { row, ...rest };
  }
  flowRow(/** @type {number} */ id) {
    return this.answer(this.exports.flow_row(id));
  }
  packet(/** @type {number} */ number) {
    const [row, place] = this.answer(this.exports.packet(number));
    return { row, ...place };
  }
  positionOfPacket(/** @type {number} */ number) {
    return this.exports.position_of_packet(number);
  }
  complete(/** @type {string} */ text, /** @type {number} */ cursor) {
    return this.answer(this.exports.complete(this.put(text), cursor));
  }
  verdicts() {
    this.exports.verdicts();
    return this.bytes();
  }
  compare(/** @type {Uint8Array} */ verdicts) {
    return this.answer(this.exports.compare(this.put(verdicts)));
  }
  /** [offset, size, ...] of what a filtered capture holds of this file. */
  ranges(/** @type {number} */ file, selectedOnly = false) {
    return this.answer(this.exports.ranges(file, selectedOnly ? 1 : 0));
  }
  /** Selected flows as lines of JSON. */
  eve(/** @type {number} */ first, /** @type {number} */ count) {
    this.exports.eve(first, count);
    return this.text();
  }
}
