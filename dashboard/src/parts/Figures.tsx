// Five figures, each with its last minute (or the capture's time) as a line, and the totals in small.
import type { ComponentChildren } from "preact";
import { isLive, rates, type Rates } from "../state";
import type { Stats } from "../core/rows";
import { S } from "../strings";
import { bits, bytes, count, exact, percent } from "../text/format";

const kWidth = 120, kHeight = 28, kPoints = 60;

/** At most 60 values: each the mean of its part. */
export function thinned(values: readonly number[]): number[] {
  if (values.length <= kPoints) return [...values];
  return Array.from({ length: kPoints }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / kPoints), Math.floor(((i + 1) * values.length) / kPoints));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

function Sparkline({ values, danger = false }: { values: readonly number[]; danger?: boolean }) {
  const points = thinned(values);
  if (points.length < 2) return <svg class="spark" viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true" />;
  const top = Math.max(...points, 1e-9);
  const at = points.map((value, i) => `${((i * kWidth) / (points.length - 1)).toFixed(1)},${(kHeight - 2 - (value / top) * (kHeight - 4)).toFixed(1)}`);
  return (
    <svg class={`spark ${danger ? "is-blocked" : ""}`} viewBox={`0 0 ${kWidth} ${kHeight}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="spark-area" d={`M0,${kHeight}L${at.join("L")}L${kWidth},${kHeight}Z`} />
      <path class="spark-line" d={`M${at.join("L")}`} />
    </svg>
  );
}

/** How a number is made up, as one strip: where there is no course of time to show. */
function Parts({ parts }: { parts: readonly (readonly [string, number])[] }) {
  const sum = parts.reduce((total, [, value]) => total + value, 0);
  return (
    <div class="parts" aria-hidden="true">
      {parts.filter(([, value]) => value > 0).map(([name, value]) => (
        <span key={name} style={{ flexGrow: value / sum }} title={`${name} ${exact(value)}`}>{value / sum > 0.13 && <i>{name}</i>}</span>
      ))}
    </div>
  );
}

function Figure({ title, value, unit, now, sub, children }:
  { title: string; value: string; unit?: string; now?: string; sub: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="figure">
      <h2>{title}</h2>
      <p class="figure-value" title={now}><b>{value}</b>{unit !== undefined && <span> {unit}</span>}</p>
      {children}
      <p class="figure-sub">{sub}</p>
    </div>
  );
}

const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);

export function Figures({ stats }: { stats: Stats }) {
  const { decoder, flow, firewall, app_layer } = stats.stats;
  const { pkts, bytes: sizes, blocked, step } = stats.timeline;
  const seconds = Math.max(1, pkts.length * step);
  const course = (key: keyof Rates, offline: readonly number[]) => (isLive.value ? rates.value.map((rate) => rate[key]) : offline);
  const last = rates.value.at(-1);
  const packetRate = isLive.value ? (last?.pkts ?? 0) : decoder.pkts / seconds;
  const throughput = bits(isLive.value ? (last?.bytes ?? 0) : sum(sizes) / seconds);
  const stopped = firewall.blocked + firewall.rejected;
  const share = isLive.value ? percent(last?.share ?? 0, 1) : percent(stopped, stopped + firewall.accepted);
  const shares = pkts.map((all, i) => (all === 0 ? 0 : blocked[i]! / all));
  return (
    <section class="figures" aria-label={S.views.overview}>
      <Figure title={S.figures.packets} value={count(Math.round(packetRate))} unit={S.packetsPerSecond} now={exact(packetRate)}
        sub={<><b title={exact(decoder.pkts)}>{count(decoder.pkts)}</b> {S.forwarded(count(firewall.accepted))}</>}>
        <Sparkline values={course("pkts", pkts)} />
      </Figure>
      <Figure title={S.figures.throughput} value={throughput.digits} unit={throughput.unit}
        sub={<><b title={exact(decoder.bytes)}>{bytes(decoder.bytes)}</b> in all</>}>
        <Sparkline values={course("bytes", sizes)} />
      </Figure>
      <Figure title={S.figures.blocked} value={share.replace(/\s?%$/, "")} unit="%"
        sub={<><b title={exact(stopped)}>{count(stopped)}</b> {S.ofThemRejected(count(firewall.rejected))}</>}>
        <Sparkline values={course("share", shares)} danger />
      </Figure>
      <Figure title={S.figures.connections} value={count(isLive.value ? flow.active : flow.total)} unit={isLive.value ? S.figureNow.active : undefined}
        sub={<><b title={exact(flow.total)}>{count(flow.total)}</b> in all, {count(flow.tcp)} TCP, {count(flow.udp)} UDP{isLive.value ? "" : `, ${count(flow.active)} open at the end`}</>}>
        {isLive.value ? <Sparkline values={course("active", [])} /> : <Parts parts={[["TCP", flow.tcp], ["UDP", flow.udp], ["other", flow.total - flow.tcp - flow.udp]]} />}
      </Figure>
      <Figure title={S.figures.names} value={count(isLive.value ? app_layer.sni : stats.domains.length)}
        sub={<><b>{count(stats.apps.length)}</b> applications, <b>{count(stats.domains.length)}</b> domains</>}>
        {isLive.value ? <Sparkline values={course("names", [])} />
          : <Parts parts={[["DNS", app_layer.dns], ["TLS", app_layer.tls], ["QUIC", app_layer.quic], ["HTTP", app_layer.http]]} />}
      </Figure>
    </section>
  );
}
