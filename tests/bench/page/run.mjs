// Measures the page in a browser: its size, how soon it answers, a large capture from drop to full statistics, a filter
// over all rows, scrolling, and memory over an hour of a gateway's updates, played quickly.
//
// usage: node run.mjs FOLDER [--check]    FOLDER: tests/bench of a Release build with NETSCOPE_BENCH=ON
// Prints one line a measure; with --check it ends with 1 where a target is missed.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { Core } from "../../../dashboard/wasm/core.mjs";
import * as the from "../../browser/page.mjs";
import { startReplay } from "./replay.mjs";

const kPackets = 509_000, kLarge = 4; // asked for: 500,000 come, some 290 MB
const kPiece = 1 << 24; // as the page's
const kRows = 1_000_000;
const kUpdates = 3600;
const kChoosing = 1000; // ms, in which a reader finds a file, and the page makes its core ready
const kQuiet = 1000; // ms, until the figures of the last filter are counted
const kPairs = 5;
const [programs, ...options] = process.argv.slice(2);
const folder = fs.mkdtempSync(fs.existsSync("/dev/shm") ? "/dev/shm/netscope-page-" : "/tmp/netscope-page-");
const missed = [];

function tell(what, value, unit, target = null, holds = true) {
  console.log(`${what.padEnd(44)} ${String(value).padStart(10)} ${unit}${target === null ? "" : `   target ${target}${holds ? "" : "   MISSED"}`}`);
  if (!holds) missed.push(what);
}

function generated(kind, packets, flows, large = 1) {
  const file = path.join(folder, `${kind}.pcap`);
  const { status, stderr } = spawnSync(path.join(programs, "offline", "generate_traffic"), [kind, file, "--packets", packets, "--flows", flows, "--large", large], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return { file, count: Number.parseInt(stderr, 10) }; // it says how many it wrote: about as many as were asked for
}

const percentile = (values, part) => [...values].sort((a, b) => a - b)[Math.floor(values.length * part)];

function measureSize() {
  const kib = gzipSync(fs.readFileSync(fileURLToPath(the.onePage)), { level: 9 }).length / 1024;
  tell("page, gzip", kib.toFixed(1), "KiB", "<= 400", kib <= 400);
}

async function measureStart(browser) {
  const times = [];
  for (let i = 0; i < 5; ++i) {
    const { page, close } = await the.openPage(browser);
    await page.waitForSelector(".drop");
    times.push(await page.evaluate(() => performance.getEntriesByType("paint").find(({ name }) => name === "first-contentful-paint").startTime));
    await close();
  }
  const median = percentile(times, 0.5);
  tell("interactive after", median.toFixed(0), "ms", "< 1000", median < 1000);
}

async function openFile(page, file) {
  const begin = performance.now();
  await page.locator("input[type=file]").setInputFiles(file);
  await page.waitForSelector(".overview", { timeout: 300_000 });
  return (performance.now() - begin) / 1000;
}

/** Seconds of the core of the page, in Node, which runs it by the same engine as the browser. */
function analysed(module, bytes) {
  const core = new Core(module);
  core.open("");
  core.feed(fs.readFileSync(the.golden("home.pcap"))); // as the page does before a reader comes
  core.endCapture();
  core.open("");
  const begin = performance.now();
  for (let at = 0; at < bytes.length; at += kPiece) core.feed(bytes.subarray(at, at + kPiece));
  core.endCapture();
  core.finish();
  return (performance.now() - begin) / 1000;
}

function measureEngine(file) {
  const module = new WebAssembly.Module(fs.readFileSync(path.join(the.root, "dashboard", "dist", "live", "netscope.wasm")));
  const bytes = fs.readFileSync(file), shares = [];
  for (let i = 0; i < kPairs; ++i) {
    const native = Number(execFileSync(path.join(programs, "page", "analyse"), [file], { encoding: "utf8" }));
    shares.push(native / analysed(module, bytes));
  }
  const share = percentile(shares, 0.5);
  tell("the engine alone, of native", share.toFixed(2), "", ">= 0.7", share >= 0.7);
}

async function measureReading(browser) {
  const { file, count } = generated("mixed", kPackets, Math.round(kPackets / 16), kLarge);
  measureEngine(file);
  const runs = [];
  for (let i = 0; i < kPairs; ++i) {
    const { page, close } = await the.openPage(browser);
    await page.waitForTimeout(kChoosing);
    runs.push(await openFile(page, file));
    await close();
  }
  const seconds = percentile(runs, 0.5);
  tell(`${Math.round(count / 1000)} k packets (${(fs.statSync(file).size / 1e6).toFixed(0)} MB), to full statistics`, seconds.toFixed(2), "s");
  const rate = count / seconds / 1e6;
  tell("that is", rate.toFixed(2), "M packets/s", ">= 0.5", rate >= 0.5);
}

/** From the key to the table that shows the new count. */
async function measureFilter(page, filter) {
  return page.evaluate(async (text) => {
    const grid = document.querySelector("[role=grid]"), field = document.getElementById("filter");
    const changed = new Promise((resolve) => new MutationObserver((_, watch) => { watch.disconnect(); resolve(); })
      .observe(grid, { attributes: true, attributeFilter: ["aria-rowcount"] }));
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    const begin = performance.now();
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    await changed;
    return performance.now() - begin;
  }, filter);
}

async function measureScrolling(page) {
  return page.evaluate(async () => {
    const grid = document.querySelector("[role=grid]"), frames = [];
    const frame = () => new Promise(requestAnimationFrame);
    let before = await frame();
    for (let i = 0; i < 300; ++i) {
      grid.scrollTop = i % 50 === 49 ? Math.random() * grid.scrollHeight : grid.scrollTop + 280;
      const at = await frame();
      frames.push(at - before);
      before = at;
    }
    return frames;
  });
}

async function measureRows(browser) {
  const { file } = generated("small", kRows, kRows / 10);
  const { page, close } = await the.openPage(browser);
  await openFile(page, file);
  await the.goTo(page, "Packets");
  await the.untilRows(page, kRows);
  await page.waitForSelector(".verdict");
  const frames = await measureScrolling(page);
  tell("scrolling a million rows, p95 of a frame", percentile(frames, 0.95).toFixed(1), "ms", "< 20", percentile(frames, 0.95) < 20);
  for (const filter of ["proto:tls", "client:10.0.0.0/9 and bytes>100", "not port:443"]) {
    const times = [];
    for (let i = 0; i < 3; ++i) {
      times.push(await measureFilter(page, filter));
      await page.waitForTimeout(kQuiet);
      await measureFilter(page, "");
      await page.waitForTimeout(kQuiet);
    }
    const took = percentile(times, 0.5);
    tell(`filter over a million packets: ${filter}`, took.toFixed(0), "ms", "< 100", took < 100);
  }
  await close();
}

async function heapOf(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return { megabytes: usedSize / 1e6, nodes: (await devtools.send("Memory.getDOMCounters")).nodes };
}

async function measureMemory(browser) {
  const replay = await startReplay();
  const { page, close } = await the.openPage(browser, { url: replay.url });
  await page.waitForSelector(".overview");
  await the.goTo(page, "Flows");
  await replay.play(kUpdates / 4);
  const early = await heapOf(page);
  await replay.play((kUpdates * 3) / 4);
  const late = await heapOf(page);
  tell(`heap after ${kUpdates / 4} updates`, early.megabytes.toFixed(1), "MB");
  tell(`heap after ${kUpdates} updates`, late.megabytes.toFixed(1), "MB", "flat (within 2 MB)", late.megabytes < early.megabytes + 2);
  tell(`nodes of the page after ${kUpdates} updates`, late.nodes, "", `flat (${early.nodes})`, late.nodes < early.nodes * 1.2 + 200);
  await close();
  replay.stop();
}

const browser = await the.startBrowser();
try {
  measureSize();
  await measureStart(browser);
  await measureReading(browser);
  await measureRows(browser);
  await measureMemory(browser);
} finally {
  await browser.close();
  fs.rmSync(folder, { recursive: true });
}
process.exit(options.includes("--check") && missed.length > 0 ? 1 : 0);
