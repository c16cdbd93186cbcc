// The time in view: what the timeline's brush selects, and the same by keyboard.
import { useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { isLive, now, range, whole } from "../state";
import { S } from "../strings";
import { clock, epoch, inputTime } from "../text/format";

const kLastMinutes = [5, 15, 60];

function label(): string {
  if (range.value === null) return S.timeAll;
  const { from, to } = range.value;
  return `${clock(from)} – ${clock(to)}`;
}

function Choice({ close }: { close: () => void }) {
  const from = useRef<HTMLInputElement>(null), to = useRef<HTMLInputElement>(null);
  const { start = 0, step = 1, pkts = [] } = whole.value?.timeline ?? {};
  const shown = range.value ?? { from: start, to: start + step * pkts.length };
  const apply = (event: Event) => {
    event.preventDefault();
    const begin = epoch(from.current!.value), end = epoch(to.current!.value);
    if (begin < end) range.value = { from: begin, to: end };
    close();
  };
  return (
    <form class="time-choice" onSubmit={apply}>
      <label>{S.timeFrom}<input ref={from} type="datetime-local" step="1" defaultValue={inputTime(shown.from)} /></label>
      <label>{S.timeTo}<input ref={to} type="datetime-local" step="1" defaultValue={inputTime(Math.ceil(shown.to))} /></label>
      <div class="row-of-buttons">
        <button class="primary" type="submit">{S.timeApply}</button>
        <button type="button" onClick={() => { range.value = null; close(); }}>{S.timeClear}</button>
      </div>
      {isLive.value && (
        <div class="row-of-buttons">
          {kLastMinutes.map((minutes) => (
            <button type="button" key={minutes} onClick={() => { range.value = { from: Math.floor(now.value - 60 * minutes), to: Math.floor(now.value) + 86400 }; close(); }}>
              {S.lastMinutes(minutes)}
            </button>
          ))}
        </div>
      )}
    </form>
  );
}

export function TimePicker() {
  return (
    <div class="time">
      <Popover label={<><Icon name="clock" /><span class="sr">{S.time}: </span><span class={range.value === null ? "wide-only" : ""}>{label()}</span></>}>{(close) => <Choice close={close} />}</Popover>
      {range.value !== null && (
        <button class="icon-button small" aria-label={S.timeClear} onClick={() => (range.value = null)}><Icon name="close" /></button>
      )}
    </div>
  );
}
