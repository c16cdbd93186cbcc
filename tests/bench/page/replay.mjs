// A gateway's updates without a gateway: what the core says of the sample, moved to now and sent again and again, as
// quickly as the page takes it. For the measure of memory only.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { Core } from "../../../dashboard/wasm/core.mjs";
import { golden, root } from "../../browser/page.mjs";

const live = path.join(root, "dashboard", "dist", "live");
const kTypes = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const kFlows = 20; // that change with each update
const kPause = 10; // ms

function sample() {
  const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(live, "netscope.wasm"))));
  core.open(fs.readFileSync(golden("rules.toml"), "utf8"));
  core.feed(new Uint8Array(fs.readFileSync(golden("home.pcap"))));
  core.endCapture();
  const { flows } = core.finish();
  const stats = core.stats("replay", 0);
  return { stats: { ...stats, source: { ...stats.source, kind: "live" } }, flows: core.eve(0, flows).trim().split("\n").map((line) => JSON.parse(line)) };
}

export async function startReplay() {
  const { stats, flows } = sample();
  const listeners = new Set();
  let update = 0, asked = () => {};
  const time = () => new Date().toISOString().replace("Z", "000+0000");
  const flowsNow = () => Array.from({ length: kFlows }, (_, i) => {
    const id = update * kFlows + i, flow = flows[id % flows.length];
    return { ...flow, flow_id: id, seq: id, timestamp: time(), flow: { ...flow.flow, start: time(), end: time() } };
  });
  const statsNow = () => {
    const moved = structuredClone(stats);
    moved.timeline.start = Math.floor(Date.now() / 1000) - moved.timeline.pkts.length;
    for (const part of ["decoder", "firewall", "flow"]) {
      for (const [name, value] of Object.entries(moved.stats[part])) {
        if (typeof value === "number") moved.stats[part][name] = value * (1 + update);
      }
    }
    return moved;
  };
  const answers = {
    stats: statsNow, health: () => ({ status: "ok", reasons: [] }), actions: () => ({ actions: [] }), rules: () => ({ text: "", file: "" }),
    flows: () => {
      asked();
      return { schema: "netscope.flows/1", next: update, flows: flowsNow() };
    },
  };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://replay");
    const call = pathname.replace(/^\/api\/v1\//, "");
    if (call === "events") {
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": begin\n\n");
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
    } else if (call in answers) {
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answers[call]()));
    } else {
      const file = path.join(live, pathname === "/" ? "index.html" : path.normalize(pathname));
      if (!fs.existsSync(file)) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": kTypes[path.extname(file)] ?? "application/octet-stream" }).end(fs.readFileSync(file));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  /** Sends updates one by one; each waits until the page has asked for its flows, or a tenth of a second. */
  async function play(count) {
    for (let i = 0; i < count; ++i) {
      ++update;
      const taken = new Promise((resolve) => (asked = resolve));
      const text = `event: stats\ndata: ${JSON.stringify(statsNow())}\n\nevent: event\ndata: ${JSON.stringify(flowsNow())}\n\n`;
      for (const listener of listeners) listener.write(text);
      await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 100))]);
      await new Promise((resolve) => setTimeout(resolve, kPause));
    }
  }
  return { url: `http://127.0.0.1:${server.address().port}/`, play, stop: () => server.close() };
}
