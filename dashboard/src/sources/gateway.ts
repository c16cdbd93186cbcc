// A gateway, watched: statistics once a second, events as they come, flows asked for as they change. When it is lost,
// the page keeps what it has, says so, and goes on trying.
import { batch } from "@preact/signals";
import { CoreClient, CoreProblem } from "../core/client";
import type { Stats } from "../core/rows";
import { bytesByName, currentCore, forgetView, problemOf, refresh, tell, useCore } from "../session";
import * as state from "../state";
import { S } from "../strings";
import { api, ApiError, type Target } from "./api";
import { KeyedRing, pushed } from "./ring";

const kRates = 60;
const kEvents = 5000;
const kFlowsAtOnce = 1000;
const kWaitingFlows = 100_000; // as many as the core keeps
const kLongestWait = 15_000;
const kHalfMinute = 30;

let stream: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let wait = 1000;
let after: number | null = null;
let asking = false;
let previous: { stats: Stats; at: number } | null = null;
let marks: { at: number; bytes: Map<string, number> }[] = []; // half a minute apart, three at most
let etag = "";
let heldEvents: state.LiveEvent[] = [];
const heldFlows = new KeyedRing<string>(kWaitingFlows);

/** Begins to watch the gateway that this page came from. False: there is none. */
export async function watchGateway(): Promise<boolean> {
  state.phase.value = { is: "connecting" };
  let stats: Stats;
  try {
    stats = await api.stats();
  } catch (reason) {
    if (reason instanceof ApiError && (reason.status === 401 || reason.status === 403)) {
      state.phase.value = { is: "locked", why: "" };
      return true;
    }
    state.phase.value = { is: "empty" };
    return false;
  }
  forgetView();
  after = null;
  const core = await CoreClient.start();
  await core.call("openGateway", location.host);
  useCore(core);
  batch(() => {
    state.source.value = { kind: "gateway", host: location.host };
    state.sort.value = { column: 0, descending: true };
  });
  takeStats(stats);
  listen();
  await Promise.allSettled([loadRules(), loadActions(), loadHealth(), askFlows()]);
  return true;
}

export async function unlock(token: string): Promise<void> {
  try {
    await api.session(token);
  } catch {
    state.phase.value = { is: "locked", why: S.tokenWrong };
    return;
  }
  if (!(await watchGateway())) lose(S.lost);
}

export function stopWatching(): void {
  clearTimeout(retry);
  stream?.close();
  stream = null;
}

function listen(): void {
  stopWatching();
  stream = new EventSource("/api/v1/events");
  stream.onopen = () => {
    wait = 1000;
    state.phase.value = { is: state.paused.value ? "paused" : "live" };
  };
  stream.addEventListener("stats", (message) => {
    takeStats(JSON.parse((message as MessageEvent<string>).data) as Stats);
    void askFlows();
  });
  stream.addEventListener("event", (message) => takeEvents(JSON.parse((message as MessageEvent<string>).data) as state.LiveEvent[]));
  stream.onerror = () => lose(S.lost);
}

/** The browser's own reconnection gives up at an answer that is an error, so it is done here. */
function lose(why: string): void {
  stopWatching();
  state.phase.value = { is: "lost", why };
  state.health.value = { status: "lost", reasons: [why] };
  retry = setTimeout(() => void reconnect(), wait);
  wait = Math.min(wait * 2, kLongestWait);
}

export async function reconnect(): Promise<void> {
  clearTimeout(retry);
  try {
    takeStats(await api.stats());
    previous = null; // a second of another life
    marks = [];
    listen();
    await Promise.allSettled([loadActions(), loadHealth()]);
  } catch (reason) {
    if (reason instanceof ApiError && reason.status === 401) state.phase.value = { is: "locked", why: "" };
    else lose(S.lost);
  }
}

function takeStats(stats: Stats): void {
  const at = performance.now() / 1000;
  batch(() => {
    state.now.value = Date.now() / 1000;
    if (previous !== null && at - previous.at > 0.2) state.rates.value = pushed(state.rates.value, [ratesOf(previous, stats, at)], kRates);
    if (!state.paused.value) {
      state.whole.value = stats;
      if (state.filter.value === "" && state.range.value === null) state.stats.value = stats;
    }
  });
  previous = { stats, at };
  markTrends(stats, at);
  if (Math.floor(at) % 5 === 0) void loadHealth();
}

/** What came in the last half minute, of what came in the last whole one. */
function markTrends(stats: Stats, at: number): void {
  const last = marks.at(-1);
  if (last !== undefined && at - last.at < kHalfMinute) return;
  marks = pushed(marks, [{ at, bytes: bytesByName(stats) }], 3);
  const [first, middle, now] = marks;
  if (now === undefined) return;
  const parts = new Map<string, number>();
  for (const [name, bytes] of now.bytes) {
    const all = bytes - (first!.bytes.get(name) ?? 0);
    if (all > 0) parts.set(name, (bytes - (middle!.bytes.get(name) ?? 0)) / all);
  }
  state.trends.value = parts;
}

function ratesOf(before: { stats: Stats; at: number }, stats: Stats, at: number): state.Rates {
  const seconds = at - before.at;
  const { decoder: was, firewall: wasJudged } = before.stats.stats;
  const { decoder, firewall, flow, app_layer } = stats.stats;
  const blockedOf = (judged: { blocked: number; rejected: number }) => judged.blocked + judged.rejected;
  const pkts = Math.max(0, decoder.pkts - was.pkts), blocked = Math.max(0, blockedOf(firewall) - blockedOf(wasJudged));
  return {
    pkts: pkts / seconds, bytes: Math.max(0, decoder.bytes - was.bytes) / seconds, blocked: blocked / seconds,
    share: pkts === 0 ? 0 : blocked / pkts, active: flow.active, names: app_layer.sni,
  };
}

function takeEvents(list: state.LiveEvent[]): void {
  if (state.paused.value) {
    heldEvents = pushed(heldEvents, list, kEvents);
    state.waiting.value += list.length;
  } else {
    state.events.value = pushed(state.events.value, list, kEvents);
  }
}

/** Flows that changed since the last time; while paused they wait. */
async function askFlows(): Promise<void> {
  const core = currentCore();
  if (asking || core === null) return;
  asking = true;
  try {
    const { next, flows } = await api.flows(after, kFlowsAtOnce);
    after = next;
    for (const flow of flows) heldFlows.put(String((flow as { flow_id: number }).flow_id), JSON.stringify(flow));
    if (state.paused.value) state.waiting.value = heldFlows.size;
    else await showFlows(core);
  } catch {
    // The stream tells of the loss, and the next second asks again.
  } finally {
    asking = false;
  }
}

async function showFlows(core: CoreClient): Promise<void> {
  const rows = heldFlows.takeAll();
  if (rows.length === 0) return;
  await core.call("addFlows", rows);
  await refresh();
}

export function togglePause(): void {
  state.paused.value = !state.paused.value;
  if (state.phase.value.is === "live" || state.phase.value.is === "paused") {
    state.phase.value = { is: state.paused.value ? "paused" : "live" };
  }
  if (state.paused.value) return;
  state.waiting.value = 0;
  state.events.value = pushed(state.events.value, heldEvents, kEvents);
  heldEvents = [];
  const core = currentCore();
  if (core !== null) void showFlows(core);
}

async function loadHealth(): Promise<void> {
  state.health.value = await api.health();
}
async function loadActions(): Promise<void> {
  state.actions.value = await api.actions();
}

export async function loadRules(): Promise<void> {
  const rules = await api.rules();
  etag = rules.etag;
  const untouched = state.draft.value === state.rulesText.value;
  batch(() => {
    state.rulesText.value = rules.text;
    if (untouched) state.draft.value = rules.text;
  });
  await holdRules(rules.text);
}

/** Applies rules on the gateway; throws ApiError where they are wrong, or changed meanwhile (412). */
export async function applyOnGateway(text: string): Promise<void> {
  etag = await api.putRules(text, etag);
  batch(() => {
    state.rulesText.value = text;
    state.trial.value = null;
  });
  await holdRules(text);
}

/** Rules that only the gateway understands, because its catalogue is another, explain nothing here. */
async function holdRules(text: string): Promise<void> {
  try {
    await currentCore()?.call("setRules", text);
  } catch (reason) {
    if (!(reason instanceof CoreProblem)) throw reason;
  }
}

export async function act(action: "block" | "allow", target: Target, seconds: number | null = null): Promise<void> {
  const what = Object.values(target)[0] ?? "";
  try {
    const entry = await api.act(action, target, seconds);
    tell({ text: action === "block" ? S.blocking(what) : S.allowing(what), undo: () => void undoAction(entry.id) });
    await loadActions();
  } catch (reason) {
    tell({ text: problemOf(reason).message, bad: true });
  }
}

export async function undoAction(id?: number): Promise<void> {
  try {
    await api.undo(id);
    tell({ text: S.takenBack });
    await loadActions();
  } catch (reason) {
    tell({ text: problemOf(reason).message, bad: true });
  }
}
