// What is shown and whether it runs; below it the lens: view, filter, time. The lens holds for everything.
import { Icon } from "./Icon";
import { FilterField } from "./FilterField";
import { TimePicker } from "./TimePicker";
import { closeSource } from "../session";
import { stopWatching, togglePause } from "../sources/gateway";
import { helpOpen, isLive, kViews, paused, phase, progress, rates, source, stats, theme, view, waiting, whole } from "../state";
import { S } from "../strings";
import { count, exact } from "../text/format";
import { nextTheme } from "../theme";

function phaseWord(): string {
  if (phase.value.is !== "analysing") return S.phases[phase.value.is];
  const { bytes = 0, total = 1 } = progress.value ?? {};
  return S.analysing(Math.floor((100 * bytes) / Math.max(1, total)));
}

function sourceName(): string {
  switch (source.value.kind) {
    case "none": return "";
    case "gateway": return whole.value?.source.host ?? source.value.host;
    case "capture": return S.capturesName(source.value.files.map((file) => file.name));
  }
}

/** Packets and blocked packets a second: now, or on average over the time in view. */
function Rate() {
  const shown = stats.value;
  if (shown === null) return null;
  const last = rates.value.at(-1);
  const { pkts, blocked, step } = shown.timeline;
  const seconds = Math.max(1, pkts.length * step);
  const sum = (list: number[]) => list.reduce((total, value) => total + value, 0);
  const perSecond = isLive.value ? (last?.pkts ?? 0) : sum(pkts) / seconds;
  const blockedPerSecond = isLive.value ? (last?.blocked ?? 0) : sum(blocked) / seconds;
  return (
    <p class="rate">
      <span title={exact(perSecond)}><b>{count(Math.round(perSecond))}</b> {S.packetsPerSecond}</span>
      <span title={exact(blockedPerSecond)}><b class="is-blocked">{count(Math.round(blockedPerSecond))}</b> {S.blockedPerSecond}</span>
    </p>
  );
}

function leave(): void {
  stopWatching();
  closeSource();
}

function What() {
  return (
    <div class="what">
      <h1>{S.product}</h1>
      {source.value.kind !== "none" && <span class="source-name" title={source.value.kind === "gateway" ? `${source.value.host}: ${whole.value?.source.name ?? ""}` : sourceName()}>{sourceName()}</span>}
      <span class={`state is-${phase.value.is}`} role="status">{phaseWord()}</span>
      {isLive.value && (
        <button class="quiet" onClick={togglePause} aria-pressed={paused.value}>
          <Icon name={paused.value ? "play" : "pause"} />{paused.value ? S.resume : S.pause}
        </button>
      )}
      {paused.value && waiting.value > 0 && <span class="waiting">{S.newRows(waiting.value)}</span>}
      {source.value.kind === "capture" && phase.value.is !== "analysing" && (
        <button class="quiet" onClick={leave} title={S.openOther}><Icon name="close" /><span class="wide-only">{S.closeCapture}</span></button>
      )}
    </div>
  );
}

export function TopBar() {
  const shown = source.value.kind !== "none" && stats.value !== null;
  return (
    <header class="top">
      <div class="top-what">
        <What />
        <div class="top-end">
          <Rate />
          <button class="icon-button" aria-label={S.theme[theme.value]} title={S.theme[theme.value]} onClick={nextTheme}>
            <Icon name={theme.value === "auto" ? "half" : theme.value === "light" ? "sun" : "moon"} />
          </button>
          <button class="icon-button" aria-label={S.help} title={S.help} aria-expanded={helpOpen.value}
            onClick={() => (helpOpen.value = !helpOpen.value)}><Icon name="help" /></button>
        </div>
      </div>
      {shown && (
        <div class="top-lens">
          <nav aria-label={S.viewsName}>
            {kViews.map((name) => (
              <button key={name} class="tab" aria-current={view.value === name ? "page" : undefined} onClick={() => (view.value = name)}>
                {S.views[name]}
              </button>
            ))}
          </nav>
          <FilterField />
          <TimePicker />
        </div>
      )}
    </header>
  );
}
