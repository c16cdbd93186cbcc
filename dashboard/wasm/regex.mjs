// The port for regular expressions: the browser's own, without regard to letters' case.

const kKept = 64; // patterns; a filter has a few
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The functions that the core imports as netscope_regex. */
export function regex(/** @type {() => Uint8Array} */ memory) {
  /** @type {Map<string, RegExp>} */
  const kept = new Map();
  const text = (/** @type {number} */ at, /** @type {number} */ size) => decoder.decode(memory().subarray(at, at + size));
  const pattern = (/** @type {number} */ at, /** @type {number} */ size) => {
    const source = text(at, size);
    let found = kept.get(source);
    if (!found) {
      if (kept.size === kKept) kept.clear();
      kept.set(source, (found = new RegExp(source, "i")));
    }
    return found;
  };
  return {
    refusal: (
      /** @type {number} */ at,
      /** @type {number} */ size,
      /** @type {number} */ why,
      /** @type {number} */ room,
    ) => {
      try {
        pattern(at, size);
        return 0;
      } catch (/** @type {any} */ problem) {
        return encoder.encodeInto(problem.message.replace(/^.*\/i?: /s, ""), memory().subarray(why, why + room)).written;
      }
    },
    found: (
      /** @type {number} */ at,
      /** @type {number} */ size,
      /** @type {number} */ of,
      /** @type {number} */ ofSize,
    ) => +pattern(at, size).test(text(of, ofSize)),
  };
}
