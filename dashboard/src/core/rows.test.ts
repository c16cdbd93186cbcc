import { expect, test } from "vitest";
import home from "../../../tests/golden/expected/home.stats.json";
import type { Stats } from "./rows.ts";

test("what the program writes is what the page takes it for", () => {
  const stats: Stats = home; // the compiler holds each field that the page reads against the document
  expect(stats.stats.flow.total).toBeGreaterThan(0);
});
