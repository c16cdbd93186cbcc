// What the draft would change: flows newly blocked, newly allowed, and how many stay as they are.
import { batch, useSignal } from "@preact/signals";
import type { FlowRow } from "../core/rows";
import { stopTrial } from "../policy";
import { draft, openFlow, trial, view } from "../state";
import { S } from "../strings";
import { bytes, count, endpoint, exact } from "../text/format";

type Kind = "blocked" | "allowed";

function Changed({ rows }: { rows: readonly FlowRow[] }) {
  const look = (row: FlowRow) => batch(() => {
    openFlow.value = row.id;
    view.value = "flows";
  });
  return (
    <ul class="changed">
      {rows.map((row) => (
        <li key={row.id}>
          <button onClick={() => look(row)}>
            <span>{row.domain || endpoint(row.server, row.sport)}</span>
            <span class="muted">{row.app}</span>
            <span class="muted">{row.client}</span>
            <span class="number">{bytes(row.bytes)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function TrialResult() {
  const chosen = useSignal<Kind | null>(null);
  const told = trial.value;
  if (told === null) return null;
  if (told.is === "running") {
    return (
      <div class="trial" role="status">
        <label>{S.tryRunning} <progress max={1} value={told.part} /></label>
        <button onClick={stopTrial}>{S.cancel}</button>
      </div>
    );
  }
  const { result } = told;
  const kind: Kind = chosen.value ?? (result.blocked > 0 || result.allowed === 0 ? "blocked" : "allowed");
  const rows = kind === "blocked" ? result.newly_blocked : result.newly_allowed;
  return (
    <div class={`trial ${told.of === draft.value ? "" : "is-old"}`} aria-label={S.tryHint} role="group">
      <h3>{S.tryHint}</h3>
      <div class="trial-counts">
        <button class="trial-count is-blocked" aria-pressed={kind === "blocked"} onClick={() => (chosen.value = "blocked")}>
          <b title={exact(result.blocked)}>{count(result.blocked)}</b> {S.newlyBlocked}</button>
        <button class="trial-count" aria-pressed={kind === "allowed"} onClick={() => (chosen.value = "allowed")}>
          <b title={exact(result.allowed)}>{count(result.allowed)}</b> {S.newlyAllowed}</button>
        <p class="trial-count"><b title={exact(result.unchanged)}>{count(result.unchanged)}</b> {S.unchanged}</p>
      </div>
      <Changed rows={rows} />
    </div>
  );
}
