import { expect, it } from "vitest";
import { bytesBefore, charactersBefore } from "../core/offsets";
import type { FlowRow } from "../core/rows";
import { KeyedRing, pushed } from "../sources/ring";
import { readPlace, writePlace } from "../url";
import { csvLine } from "./csv";
import { hexDump } from "./hex";
import { mapOf } from "./map";

it("counts bytes where the core does, and characters where the page does", () => {
  const text = "a€😀b";
  for (const at of [0, 1, 2, 4, 5]) expect(charactersBefore(text, bytesBefore(text, at))).toBe(at);
  expect(bytesBefore(text, 4)).toBe(8);
});

it("quotes CSV, and disarms what a spreadsheet would run", () => {
  const row = { start: "t", domain: "=cmd|' /C calc'!A0", rule: 'a "b", c', client: "192.0.2.1", bytes: 5 } as unknown as FlowRow;
  const line = csvLine({ ...Object.fromEntries(["end", "duration", "cport", "server", "sport", "proto", "app_proto", "app", "category", "state",
    "packets", "to_server", "to_client", "blocked", "action"].map((key) => [key, ""])), ...row } as FlowRow);
  expect(line).toContain("'=cmd|' /C calc'!A0");
  expect(line).toContain('"a ""b"", c"');
  expect(line.endsWith("\r\n")).toBe(true);
});

it("shows bytes as hex and text", () => {
  expect(hexDump(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))).toBe(
    "0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1··\n" +
    "0010  0d 0a                                             ··");
});

it("keeps the newest of a list, and never more", () => {
  let list: number[] = [];
  for (let i = 0; i < 100; ++i) list = pushed(list, [i, i + 0.5], 7);
  expect(list).toEqual([96.5, 97, 97.5, 98, 98.5, 99, 99.5]);
  expect(pushed([1, 2], [3, 4, 5, 6], 3)).toEqual([4, 5, 6]);
  const ring = new KeyedRing<number>(3);
  for (let i = 0; i < 10; ++i) ring.put(String(i % 5), i);
  expect(ring.size).toBe(3);
  expect(ring.takeAll()).toEqual([7, 8, 9]);
  expect(ring.size).toBe(0);
});

it("writes a place into the address, and reads it again", () => {
  for (const place of [
    { view: "flows" as const, filter: 'app:"Google Ads" and not blocked & more', range: { from: 1700000000.5, to: 1700000001 } },
    { view: "overview" as const, filter: "", range: null },
  ]) expect(readPlace(writePlace(place))).toEqual(place);
  expect(readPlace("#/nonsense?from=x&to=1")).toEqual({ view: "overview", filter: "", range: null });
});

it("keeps the largest edges, and adds up the others", () => {
  const edges = Array.from({ length: 100 }, (_, i) => ({ src: `c${i % 4}`, app: i % 2 ? "A" : "", dst: `d${i}`, bytes: 100 - i, blocked: i % 10 === 0 ? 3 : 0 }));
  const { nodes, links } = mapOf(edges, [], "other", "not named");
  const ofClients = links.filter((link) => link.source.startsWith("0:"));
  expect(ofClients.reduce((sum, link) => sum + link.value, 0)).toBe(5050);
  expect(nodes.filter((node) => node.column === 2)).toHaveLength(31);
  expect(nodes.find((node) => node.id === "1:")?.name).toBe("not named");
});

it("shows as blocked what was blocked for a good part, not once", () => {
  const domains = [{ domain: "a.example", app: "A", pkts: 100, bytes: 50_000, flows: 10, blocked: 12 }];
  const edges = [{ src: "10.0.0.1", app: "A", dst: "a.example", bytes: 40_000, blocked: 2 }, { src: "10.0.0.2", app: "A", dst: "a.example", bytes: 10_000, blocked: 10 }];
  const { links } = mapOf(edges, domains, "other", "not named");
  expect(links.filter((link) => link.blocked).map((link) => link.source)).toEqual(["0:10.0.0.2", "1:A"]);
});
