// Everything that the page knows, as signals. Views read them; session.ts and the sources write them.
import { signal, computed } from "@preact/signals";
import type { Counts } from "./core/engine";
import type { Progress } from "./core/reading";
import type { Comparison, Problem, Stats, TimeRange } from "./core/rows";

export const kViews = ["overview", "flows", "packets", "rules"] as const;
export type ViewName = (typeof kViews)[number];

export type Source = { kind: "none" } | { kind: "capture"; files: File[]; warnings: string[] } | { kind: "gateway"; host: string };

/** What the page is doing. `lost`, `locked` and `failed` say why. */
export type Phase =
  | { is: "empty" | "connecting" | "analysing" | "ready" | "live" | "paused" }
  | { is: "lost" | "locked" | "failed"; why: string };

export const view = signal<ViewName>("overview");
export const filter = signal("");
export const range = signal<TimeRange | null>(null);
export const filterProblem = signal<Problem | null>(null);

export const source = signal<Source>({ kind: "none" });
export const phase = signal<Phase>({ is: "empty" });
export const progress = signal<Progress | null>(null);

/** Of what the filter and the time leave. */
export const stats = signal<Stats | null>(null);
export const counts = signal<Counts>({ packets: 0, flows: 0 });
/** Of everything. */
export const whole = signal<Stats | null>(null);
/** Grows when tables hold something else than before. */
export const revision = signal(0);
/** Part of the bytes that came in the second half of the time in view (live: of the last minute), by application, domain and client. */
export const trends = signal<ReadonlyMap<string, number>>(new Map());

export interface Sort { column: number; descending: boolean }
export const sort = signal<Sort>({ column: 0, descending: false });

export const openFlow = signal<number | null>(null);
export const openPacket = signal<number | null>(null);
export const helpOpen = signal(false);

export type Theme = "auto" | "light" | "dark";
export const theme = signal<Theme>("auto");

/** A line that tells what was done, with the way back. */
export interface Notice { text: string; undo?: () => void; bad?: boolean }
export const notice = signal<Notice | null>(null);

/** Seconds since 1970, once a second where time passes. */
export const now = signal(Date.now() / 1000);

// --- live
export interface Rates { pkts: number; bytes: number; blocked: number; share: number; active: number; names: number }
/** The last 60 seconds, oldest first. */
export const rates = signal<readonly Rates[]>([]);
export const paused = signal(false);
/** Rows that wait until the reader goes on. */
export const waiting = signal(0);
export interface LiveEvent { timestamp: string; event_type: string; [field: string]: unknown }
export const events = signal<readonly LiveEvent[]>([]);
export interface Health { status: "ok" | "degraded" | "lost"; reasons: string[] }
export const health = signal<Health | null>(null);
export interface Entry { id: number; action: string; app?: string; domain?: string; client?: string; prefix?: string; since: string; until: string | null }
export const actions = signal<readonly Entry[]>([]);
export type HistorySpan = "now" | "hour" | "week";
export const historySpan = signal<HistorySpan>("now");

// --- rules
/** The rules that hold, and what is written in the editor. */
export const rulesText = signal("");
export const draft = signal("");
export const draftProblem = signal<Problem | null>(null);
export type Trial = { is: "running"; part: number } | { is: "done"; of: string; result: Comparison };
export const trial = signal<Trial | null>(null);
export const rulesBefore = signal<string | null>(null);

export const isLive = computed(() => source.value.kind === "gateway");
