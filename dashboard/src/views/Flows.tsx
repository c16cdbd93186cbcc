// All flows in view, sorted as wished; a row opens its panel beside the table.
import { batch, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { FlowRow } from "../core/rows";
import { ColumnsChoice, hiddenColumns } from "../parts/ColumnsChoice";
import { FlowPanel } from "../parts/FlowPanel";
import { PagedRows } from "../parts/rows_of_core";
import { EmptyTable, TableBar } from "../parts/TableBar";
import { Verdict } from "../parts/Verdict";
import { VirtualTable, type Column } from "../parts/VirtualTable";
import { act } from "../policy";
import { currentCore } from "../session";
import type { Target } from "../sources/api";
import { counts, filter, isLive, now, openFlow, openPacket, range, revision, sort, whole } from "../state";
import { S } from "../strings";
import { ago, bytes, clock, count, endpoint, epoch, exact, seconds } from "../text/format";

/** Times are relative: to now at a gateway, to the beginning of a capture. */
export function relative(time: string): string {
  const at = epoch(time);
  if (isLive.value) return ago(at, now.value);
  return `+${(at - (whole.value?.timeline.start ?? at)).toFixed(3)}`;
}

export const absolute = (time: string) => `${clock(epoch(time), true)} (${time})`;

/** What a row is most about. */
export function targetOf(row: { domain?: string; app?: string; server?: string; dst?: string }): Target {
  if (row.domain) return { domain: row.domain };
  if (row.app) return { app: row.app };
  return { prefix: row.server ?? row.dst ?? "" };
}

const kColumns: readonly Column<FlowRow>[] = [
  { key: "start", title: S.columns.time, width: "88px", numeric: true, sort: 0, cell: (row) => relative(row.start), exact: (row) => absolute(row.start) },
  { key: "action", title: S.columns.action, width: "96px", cell: (row) => <Verdict action={row.action} /> },
  { key: "domain", title: S.columns.domain, width: "minmax(168px, 1.6fr)", sort: 6, cell: (row) => row.domain || <span class="muted">–</span> },
  { key: "app", title: S.columns.app, width: "minmax(88px, 0.8fr)", sort: 5, cell: (row) => row.app || <span class="muted">–</span> },
  { key: "client", title: S.columns.client, width: "minmax(152px, 1.2fr)", sort: 3, cell: (row) => endpoint(row.client, row.cport) },
  { key: "server", title: S.columns.server, width: "minmax(152px, 1.2fr)", sort: 4, cell: (row) => endpoint(row.server, row.sport) },
  { key: "proto", title: S.columns.protocol, width: "88px", cell: (row) => (row.app_proto && row.app_proto !== "unknown" ? `${row.proto} ${row.app_proto}` : row.proto) },
  { key: "state", title: S.columns.state, width: "88px", cell: (row) => row.state },
  { key: "packets", title: S.columns.packets, width: "72px", numeric: true, sort: 2, cell: (row) => count(row.packets), exact: (row) => exact(row.packets) },
  { key: "bytes", title: S.columns.bytes, width: "80px", numeric: true, sort: 1, cell: (row) => bytes(row.bytes), exact: (row) => exact(row.bytes) },
  { key: "duration", title: S.columns.duration, width: "80px", numeric: true, sort: 8, cell: (row) => seconds(row.duration), exact: (row) => `${row.duration} s` },
  { key: "rule", title: S.columns.rule, width: "minmax(88px, 0.8fr)", sort: 7, cell: (row) => row.rule },
];
const hidden = hiddenColumns("flows", ["state"]);

function sortBy(column: number): void {
  const { column: before, descending } = sort.value;
  sort.value = { column, descending: before === column ? !descending : column === 1 || column === 2 || column === 8 };
}

export function clearLens(): void {
  batch(() => {
    filter.value = "";
    range.value = null;
  });
}

export function Flows() {
  const core = currentCore();
  const rows = useMemo(() => new PagedRows<FlowRow>((first, size) => core!.call("flows", first, size)), [core]);
  const top = useSignal(true);
  const follows = isLive.value && sort.value.column === 0 && sort.value.descending;
  const columns = kColumns.filter((column) => !hidden.value.has(column.key));
  const key = (pressed: string, row: FlowRow) => {
    if (pressed !== "b" && pressed !== "a") return false;
    void act(pressed === "b" ? "block" : "allow", targetOf(row));
    return true;
  };
  return (
    <div class="with-panel">
      <section class="table-place" aria-label={S.flowsTable}>
        <TableBar title={S.flowsTable} rows={counts.value.flows} what={S.flowsTable.toLowerCase()} {...(follows ? { top } : {})}>
          <ColumnsChoice table="flows" columns={kColumns} hidden={hidden} />
        </TableBar>
        <VirtualTable label={S.flowsTable} follows={follows} top={top} columns={columns} count={counts.value.flows} rows={rows} revision={revision.value} open={null}
          tone={(row) => `${row.action === "accept" ? "" : "is-blocked"}${row.id === openFlow.value ? " is-open" : ""}`}
          onOpen={(row) => batch(() => { openFlow.value = row.id; openPacket.value = null; })} onKey={key} sort={sort.value} onSort={sortBy}
          empty={<EmptyTable filtered={filter.value !== "" || range.value !== null} clear={clearLens} />} />
      </section>
      {openFlow.value !== null && <FlowPanel id={openFlow.value} />}
    </div>
  );
}
