// One source at a time: opens captures, applies the filter and the time, and hands the core to whoever asks for rows.
import { batch, effect, untracked } from "@preact/signals";
import { loadAsset } from "./assets";
import { Cancelled, CoreClient, CoreProblem } from "./core/client";
import { readCaptures } from "./core/reading";
import type { Problem, Stats, TimeRange } from "./core/rows";
import * as state from "./state";
import { S } from "./strings";

const kTrendPackets = 300_000; // above, two more passes over the packets would be felt

let core: CoreClient | null = null;
let again = false, refreshing = false;

export function problemOf(reason: unknown): Problem {
  return reason instanceof CoreProblem ? reason.problem : { message: reason instanceof Error ? reason.message : String(reason) };
}

/** The core behind what is shown. */
export function currentCore(): CoreClient | null {
  return core;
}
export function useCore(next: CoreClient | null): void {
  core?.close();
  core = next;
}

/** Tells what was done, until something else is. */
export function tell(notice: state.Notice): void {
  state.notice.value = notice;
}

/** Forgets what belonged to the last source. */
export function forgetView(): void {
  batch(() => {
    state.stats.value = null;
    state.whole.value = null;
    state.counts.value = { packets: 0, flows: 0 };
    state.trends.value = new Map();
    state.openFlow.value = null;
    state.openPacket.value = null;
    state.trial.value = null;
    state.filterProblem.value = null;
    state.progress.value = null;
    state.rates.value = [];
    state.events.value = [];
    state.health.value = null;
  });
}

export async function openCaptures(files: File[], rules = state.rulesText.value): Promise<void> {
  useCore(null);
  forgetView();
  state.phase.value = { is: "analysing" };
  state.source.value = { kind: "capture", files, warnings: [] };
  state.sort.value = { column: 0, descending: false };
  try {
    const client = await CoreClient.start();
    useCore(client);
    const warnings = await readCaptures(client, rules, files, (told) => (state.progress.value = told));
    batch(() => {
      state.source.value = { kind: "capture", files, warnings };
      state.rulesText.value = rules;
    });
    await refresh();
    if (core !== client) return; // closed meanwhile
    const nothing = state.whole.value?.stats.decoder.pkts === 0;
    state.phase.value = nothing ? { is: "failed", why: warnings[0] ?? S.noPackets } : { is: "ready" };
  } catch (reason) {
    if (reason instanceof Cancelled) return;
    state.phase.value = { is: "failed", why: problemOf(reason).message };
  }
}

export async function openSample(): Promise<void> {
  const bytes = await loadAsset("sample.pcap");
  await openCaptures([new File([bytes], "sample.pcap")]);
}

export function closeSource(): void {
  useCore(null);
  forgetView();
  batch(() => {
    state.source.value = { kind: "none" };
    state.phase.value = { is: "empty" };
    state.range.value = null;
    state.filter.value = "";
  });
}

/** Asks for what the filter and the time leave. While one question is under way, only the newest of the others is asked. */
export async function refresh(): Promise<void> {
  again = true;
  if (refreshing) return;
  refreshing = true;
  try {
    while (again && core !== null) {
      again = false;
      await ask(core);
    }
  } finally {
    refreshing = false;
  }
}

async function ask(client: CoreClient): Promise<void> {
  const filter = state.filter.peek(), range = state.range.peek();
  try {
    if (state.whole.peek() === null && (filter !== "" || range !== null)) {
      await client.call("view", "", null);
      state.whole.value = await client.call("stats");
    }
    const { column, descending } = state.sort.peek();
    await client.call("sort", column, descending);
    const counts = await client.call("view", filter, range);
    batch(() => {
      state.filterProblem.value = null;
      state.counts.value = counts;
      state.revision.value++;
    });
    if (again && state.stats.peek() !== null) return; // rows first; the figures of what is already passed over are not worth the time
    const stats = await client.call("stats");
    batch(() => {
      const live = state.source.peek().kind === "gateway";
      if (!live) state.stats.value = stats;
      if (!live && filter === "" && range === null) state.whole.value = stats;
      if (live) state.stats.value = filter === "" && range === null ? state.whole.peek() : stats;
    });
    if (!again) await findTrends(client, stats, range);
  } catch (reason) {
    if (reason instanceof Cancelled) return;
    state.filterProblem.value = problemOf(reason);
  }
}

/** How much of each bar came in the second half of the time: an arrow beside it. */
async function findTrends(client: CoreClient, stats: Stats, range: TimeRange | null): Promise<void> {
  if (state.isLive.peek()) return;
  if (state.counts.peek().packets > kTrendPackets) {
    state.trends.value = new Map();
    return;
  }
  const { start, step, pkts } = stats.timeline;
  const from = range?.from ?? start, to = range?.to ?? start + step * pkts.length;
  const later = await client.call("statsWithin", { from: (from + to) / 2, to });
  const half = bytesByName(later), parts = new Map<string, number>();
  for (const [name, bytes] of bytesByName(stats)) {
    if (bytes > 0) parts.set(name, (half.get(name) ?? 0) / bytes);
  }
  state.trends.value = parts;
}

/** The bytes of each application, domain and client, under the names that bars go by. */
export function bytesByName(stats: Stats): Map<string, number> {
  const all = new Map<string, number>();
  for (const { app, bytes } of stats.apps) all.set(`app:${app}`, bytes);
  for (const { domain, bytes } of stats.domains) all.set(`domain:${domain}`, bytes);
  for (const { ip, bytes } of stats.clients) all.set(`client:${ip}`, bytes);
  return all;
}

/** Asks again whenever the filter, the time or the order changes. */
export function followView(): void {
  effect(() => {
    state.filter.value;
    state.range.value;
    state.sort.value;
    untracked(() => void refresh());
  });
}

/** Adds a condition to the filter, or takes it away where it already stands. */
export function toggleFilter(condition: string): void {
  const parts = state.filter.peek().trim() === "" ? [] : state.filter.peek().trim().split(" and ");
  const without = parts.filter((part) => part !== condition);
  state.filter.value = (without.length < parts.length ? without : [...parts.map(bracketed), condition]).join(" and ");
}
function bracketed(part: string): string {
  return /\bor\b/i.test(part) && !/^\(.*\)$/.test(part) ? `(${part})` : part;
}

export function filterWord(field: string, value: string): string {
  return /^[^\s(),"]+$/.test(value) ? `${field}:${value}` : `${field}:"${value.replaceAll('"', "")}"`;
}
