// Health in one line. It grows into a list when something is off, and says what to do.
import type { Stats } from "../core/rows";
import { health, isLive } from "../state";
import { S } from "../strings";
import { count, exact, percent, seconds } from "../text/format";

interface Part { word: string; value: string; advice?: string }

function ofCapture(stats: Stats): Part[] {
  const { decoder, flow } = stats.stats;
  return [
    { word: S.healthParts.read, value: exact(decoder.pkts) },
    { word: S.healthParts.broken, value: exact(decoder.invalid), ...(decoder.invalid > 0 ? { advice: S.healthAdvice.broken } : {}) },
    { word: S.healthParts.cut, value: exact(decoder.truncated), ...(decoder.truncated > 0 ? { advice: S.healthAdvice.cut } : {}) },
    { word: S.healthParts.table, value: exact(flow.total) },
    { word: S.healthParts.evicted, value: exact(flow.evicted), ...(flow.evicted > 0 ? { advice: S.healthAdvice.evicted } : {}) },
  ];
}

function ofGateway(stats: Stats): Part[] {
  const { capture, flow } = stats.stats;
  const depths = capture.queues.map((queue) => queue.depth), deepest = Math.max(0, ...depths);
  const drops = capture.kernel_drops + capture.user_drops, all = depths.reduce((sum, depth) => sum + depth, 0);
  const { p99 } = stats.latency_us;
  return [
    { word: S.healthParts.queue, value: exact(deepest), ...(deepest > 1000 ? { advice: S.healthAdvice.queue } : {}) },
    { word: S.healthParts.drops, value: exact(drops), ...(drops > 0 ? { advice: S.healthAdvice.drops } : {}) },
    { word: S.healthParts.latency, value: seconds(p99 / 1e6) },
    { word: S.healthParts.table, value: flow.capacity ? percent(flow.active, flow.capacity) : count(flow.active),
      ...(flow.evicted > 0 ? { advice: S.healthAdvice.evicted } : {}) },
    { word: S.healthParts.balance, value: percent(deepest, Math.max(1, all)) },
  ];
}

export function HealthLine({ stats }: { stats: Stats }) {
  const parts = isLive.value ? ofGateway(stats) : ofCapture(stats);
  const advice = [...(health.value?.reasons ?? []), ...parts.flatMap((part) => part.advice ?? [])];
  return (
    <section class={`health ${advice.length > 0 ? "is-off" : ""}`} aria-label={S.health}>
      <h2>{S.health}</h2>
      <dl>{parts.map((part) => <div key={part.word} class={part.advice ? "is-off" : ""}><dt>{part.word}</dt><dd>{part.value}</dd></div>)}</dl>
      {advice.length === 0 ? <p class="muted">{S.healthOk}</p> : <ul>{advice.map((line) => <li key={line}>{line}</li>)}</ul>}
    </section>
  );
}
