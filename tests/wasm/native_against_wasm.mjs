// Runs captures through the program and through its WebAssembly core, and compares what both say: the statistics
// document (but for time, source and memory) and the line of each flow.
//
// usage: node native_against_wasm.mjs PROGRAM MODULE RULES CAPTURE|FOLDER...
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Core } from "../../dashboard/wasm/core.mjs";

const [program, moduleFile, rulesFile, ...places] = process.argv.slice(2);
const module = new WebAssembly.Module(fs.readFileSync(moduleFile));
const rules = fs.readFileSync(rulesFile, "utf8");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "netscope-wasm-"));
const kPiece = 1 << 20;

function native(capture) {
  const stats = path.join(folder, "stats.json");
  const flows = path.join(folder, "flows.jsonl");
  for (const file of [stats, flows]) fs.rmSync(file, { force: true });
  try {
    const options = ["--pcap", capture, "--rules", rulesFile, "--report", "none", "--stats-json", stats, "--flows", flows];
    execFileSync(program, options, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (problem) {
    if (problem.status !== 1) throw problem; // 1: the capture is broken, and what came before stands
  }
  const text = fs.existsSync(stats) ? fs.readFileSync(stats, "utf8") : "";
  return { stats: text === "" ? undefined : JSON.parse(text), flows: fs.existsSync(flows) ? fs.readFileSync(flows, "utf8") : "" };
}

// One core for all captures, as for those that are dropped on a page one after the other: each begins anew.
const core = new Core(module);

function browser(capture) {
  core.open(rules);
  const bytes = fs.readFileSync(capture);
  for (const step of [() => feedAll(bytes), () => core.endCapture()]) {
    try {
      step();
    } catch (problem) {
      if (problem.constructor.name !== "CoreError") throw problem; // the same broken captures
    }
  }
  const { flows } = core.finish();
  core.sort(0, false);
  return { stats: core.stats(capture, 0), flows: core.eve(0, flows) };
}

function feedAll(bytes) {
  for (let at = 0; at < bytes.length; at += kPiece) core.feed(bytes.subarray(at, at + kPiece));
}

const sorted = (lines) => lines.split("\n").filter(Boolean).sort().join("\n");

// Without what cannot be equal: time, source, and memory, where a pointer has another size.
function comparable(stats) {
  const { timestamp, uptime, source, ...rest } = stats;
  delete rest.stats.flow.memuse;
  return JSON.stringify(rest);
}

// The first place where two texts differ, with what stands around it.
function difference(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) ++at;
  const around = (text) => text.slice(Math.max(0, at - 80), at + 80);
  return `\n  native ${around(one)}\n  wasm   ${around(other)}`;
}

function captures(place) {
  if (!fs.statSync(place).isDirectory()) return [place];
  return fs.readdirSync(place).sort().filter((name) => /\.(pcap|pcapng|cap|ntar)$/.test(name)).map((name) => path.join(place, name));
}

let compared = 0;
const wrong = [];
for (const capture of places.flatMap(captures)) {
  const one = native(capture);
  if (one.stats === undefined) continue; // the program could not even begin
  const other = browser(capture);
  ++compared;
  if (comparable(one.stats) !== comparable(other.stats)) {
    wrong.push(`${capture}: statistics differ${difference(comparable(one.stats), comparable(other.stats))}`);
  } else if (sorted(one.flows) !== sorted(other.flows)) {
    wrong.push(`${capture}: flows differ${difference(sorted(one.flows), sorted(other.flows))}`);
  }
}
fs.rmSync(folder, { recursive: true });
for (const line of wrong.slice(0, 10)) console.log(line);
console.log(`${compared} captures compared, ${wrong.length} differ`);
process.exit(compared > 0 && wrong.length === 0 ? 0 : 1);
