// Above a table: how many rows, what waits, columns, export.
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { togglePause } from "../sources/gateway";
import { isLive, paused, waiting } from "../state";
import { S } from "../strings";
import { count, exact } from "../text/format";
import { ExportMenu } from "./ExportMenu";

interface Properties { title: string; rows: number; what: string; top?: Signal<boolean>; children?: ComponentChildren }

export function TableBar({ title, rows, what, top, children }: Properties) {
  return (
    <header class="table-bar">
      <h2>{title}</h2>
      <p class="muted" title={exact(rows)} role="status">{S.rowsInView(count(rows), what)}</p>
      {paused.value && waiting.value > 0 && <button class="link" onClick={togglePause}>{S.newRows(waiting.value)}</button>}
      {isLive.value && top?.value === false && <button class="link" onClick={() => (top.value = true)}>{S.newest}</button>}
      <div class="table-bar-end">{children}<ExportMenu /></div>
    </header>
  );
}

export function EmptyTable({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  return (
    <p class="empty muted">
      {filtered ? S.emptyFilter : S.nothingHere}{" "}
      {filtered && <button class="link" onClick={clear}>{S.clearFilter}</button>}
    </p>
  );
}
