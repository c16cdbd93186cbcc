// The port against the table that RE2 answers in tests/unit/core/regex.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { regex } from "./regex.mjs";

const memory = new Uint8Array(4096);
const port = regex(() => memory);
const table = JSON.parse(readFileSync(new URL("../../tests/unit/core/regex/answers.json", import.meta.url), "utf8"));

function put(/** @type {number} */ at, /** @type {string} */ text) {
  const bytes = new TextEncoder().encode(text);
  memory.set(bytes, at);
  return bytes.length;
}
function refusal(/** @type {string} */ pattern, room = 256) {
  const size = port.refusal(0, put(0, pattern), 2048, room);
  return new TextDecoder().decode(memory.subarray(2048, 2048 + size));
}
function found(/** @type {string} */ pattern, /** @type {string} */ text) {
  return port.found(0, put(0, pattern), 1024, put(1024, text));
}

describe("the browser's regular expressions", () => {
  for (const { pattern, found: texts, not: others } of table) {
    it(`answer /${pattern}/ as RE2 does`, () => {
      expect(refusal(pattern)).toBe("");
      for (const text of texts) expect(found(pattern, text), text).toBe(1);
      for (const text of others) expect(found(pattern, text), text).toBe(0);
    });
  }

  it("say what is wrong with a pattern, within the room there is", () => {
    expect(refusal("[a")).toBe("Unterminated character class");
    expect(refusal("a/**")).toBe("Nothing to repeat");
    expect(refusal("[a", 5)).toBe("Unter");
  });
});
