// Packets over time: accepted above the axis, blocked (hatched) below it. A drag selects a time, and everything follows.
import uPlot from "uplot";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Stats, Timeline } from "../core/rows";
import { api } from "../sources/api";
import { historySpan, isLive, now, range, theme, whole, type HistorySpan } from "../state";
import { S } from "../strings";
import { clock, count, exact } from "../text/format";
import { colour } from "../theme";

const kHeight = 200, kBar = 5, kScale = 48; // pixels; kBar: of a bar, at least; kScale: left of the axis
const kSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]; // seconds between labels

function hatching(context: CanvasRenderingContext2D, paint: string): CanvasPattern | string {
  const size = 6 * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d")!;
  pen.strokeStyle = paint;
  pen.lineWidth = 1.6 * devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat") ?? paint;
}

/** Times, everything (behind), accepted, blocked below zero; per second. As many steps make one bar as it takes for bars to be
 * seen apart; they begin where a multiple of that begins, so that they stand still while time passes. */
function rowsOf(shown: Timeline, all: Timeline | null, width: number): uPlot.AlignedData {
  const base = all ?? shown, { step, pkts } = base;
  const shift = Math.round((shown.start - base.start) / step), first = Math.round(base.start / step);
  const fits = shown.step === step, together = Math.max(1, Math.ceil((pkts.length * kBar) / width));
  const times: number[] = [], behind: number[] = [], accepted: number[] = [], blocked: number[] = [];
  let begin = 0, passed = 0, mine = 0, stopped = 0;
  for (let i = 0; i < pkts.length; ++i) {
    passed += pkts[i]! - base.blocked[i]!;
    mine += fits ? (shown.pkts[i - shift] ?? 0) : 0;
    stopped += fits ? (shown.blocked[i - shift] ?? 0) : 0;
    if (i + 1 < pkts.length && (first + i + 1) % together !== 0) continue;
    const seconds = (i + 1 - begin) * step;
    times.push(base.start + begin * step);
    behind.push(passed / seconds);
    accepted.push((mine - stopped) / seconds);
    blocked.push(-stopped / seconds);
    begin = i + 1;
    passed = mine = stopped = 0;
  }
  times.push(base.start + pkts.length * step); // so that the last bar has a width
  for (const row of [behind, accepted, blocked]) row.push(row.at(-1) ?? 0);
  return [times, behind, accepted, blocked];
}

function axis(values: uPlot.Axis["values"], size: number): uPlot.Axis {
  return {
    stroke: () => colour("--muted"), font: "12px system-ui, sans-serif", size, values: values!,
    grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false },
  };
}

/** Without the one that would not fit at the end. */
const labels: uPlot.Axis.DynamicValues = (plot, at) => at.map((value) => (plot.valToPos(value, "x") > plot.width - kScale - 32 ? "" : clock(value)));

function options(width: number): uPlot.Options {
  const steps = uPlot.paths.stepped!({ align: 1 });
  return {
    width, height: kHeight, padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    scales: { x: { time: true } },
    axes: [{ ...axis(labels, 28), incrs: kSteps, space: 96 }, axis((_, at) => at.map((value) => count(Math.abs(value))), kScale)],
    series: [
      {},
      { label: S.allOfIt, paths: steps, points: { show: false }, stroke: () => colour("--faint"), fill: () => colour("--faint"), width: 0 },
      { label: S.accepted, paths: steps, points: { show: false }, stroke: () => colour("--data-strong"), fill: () => colour("--data-fill"), width: 1.25 },
      { label: S.blocked, paths: steps, points: { show: false }, stroke: () => colour("--danger"), fill: (plot) => hatching(plot.ctx, colour("--danger")) as string, width: 1.25 },
    ],
    hooks: { setSelect: [selected] },
  };
}

let showing = false; // the selection is being drawn, not made
function selected(plot: uPlot): void {
  if (showing) return;
  const { left, width } = plot.select;
  if (width < 3) {
    if (range.value !== null) range.value = null;
    return;
  }
  const second = (position: number) => Math.round(plot.posToVal(position, "x") * 1000) / 1000;
  range.value = { from: second(left), to: second(left + width) };
}

function drawSelection(plot: uPlot): void {
  showing = true;
  if (range.value === null) {
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 });
  } else {
    const place = (value: number) => Math.min(plot.over.clientWidth, Math.max(0, plot.valToPos(value, "x")));
    const left = place(range.value.from), right = place(range.value.to);
    plot.setSelect({ left, top: 0, width: right - left, height: plot.over.clientHeight });
  }
  showing = false;
}

function History() {
  const spans: [HistorySpan, string][] = [["now", S.historyNow], ["hour", S.historyHour], ["week", S.historyWeek]];
  return (
    <div class="segments" role="group" aria-label={S.historySpan}>
      {spans.map(([span, word]) => (
        <button key={span} aria-pressed={historySpan.value === span} onClick={() => (historySpan.value = span)}>{word}</button>
      ))}
    </div>
  );
}

/** The history, asked for again each minute while it is shown. */
function useHistory(): Timeline | null {
  const kept = useSignal<Timeline | null>(null);
  const minute = Math.floor(now.value / 60);
  useEffect(() => {
    if (!isLive.value || historySpan.value === "now") return void (kept.value = null);
    api.history(historySpan.value === "hour" ? "minute" : "hour").then((found) => (kept.value = found), () => (kept.value = null));
  }, [historySpan.value, minute]);
  return kept.value;
}

export function TimelineChart({ stats }: { stats: Stats }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const history = useHistory();
  const shown = history ?? stats.timeline;
  const all = history === null ? (whole.value?.timeline ?? null) : null;

  useEffect(() => {
    const node = place.current!;
    const made = new uPlot(options(node.clientWidth), rowsOf(shown, all, node.clientWidth), node);
    plot.current = made;
    drawSelection(made);
    const sized = new ResizeObserver(() => {
      if (node.clientWidth === 0 || node.clientWidth === made.width) return;
      made.setSize({ width: node.clientWidth, height: kHeight });
      drawSelection(made);
    });
    sized.observe(node);
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, [theme.value]);
  useEffect(() => {
    plot.current?.setData(rowsOf(shown, all, plot.current.width));
    if (plot.current) drawSelection(plot.current);
  }, [shown, all, range.value]);

  const peak = Math.max(0, ...shown.pkts) / shown.step;
  return (
    <section class="timeline" aria-label={S.timeline}>
      <header>
        <h2>{S.timeline}</h2>
        <p class="legend"><span class="is-accepted">{S.accepted}</span><span class="is-blocked">{S.blocked}</span></p>
        {isLive.value ? <History /> : <p class="muted hint">{S.timelineHint}</p>}
      </header>
      <div ref={place} class="plot" role="img"
        aria-label={`${S.timeline}: ${clock(shown.start, true)}, ${shown.pkts.length} × ${shown.step} s, ≤ ${exact(peak)} ${S.packetsPerSecond}`} />
    </section>
  );
}
