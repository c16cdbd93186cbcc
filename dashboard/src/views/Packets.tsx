// Every packet of the capture, with its bytes on demand. At a gateway packets do not leave the kernel; its events are shown.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { PacketRow } from "../core/rows";
import { ColumnsChoice, hiddenColumns } from "../parts/ColumnsChoice";
import { PacketPanel } from "../parts/PacketPanel";
import { ListedRows, PagedRows } from "../parts/rows_of_core";
import { EmptyTable, TableBar } from "../parts/TableBar";
import { Verdict } from "../parts/Verdict";
import { VirtualTable, type Column } from "../parts/VirtualTable";
import { act } from "../policy";
import { currentCore, filterWord, toggleFilter } from "../session";
import { counts, events, filter, isLive, openPacket, range, revision, view, type LiveEvent } from "../state";
import { S } from "../strings";
import { clock, endpoint, epoch, exact } from "../text/format";
import { absolute, clearLens, relative, targetOf } from "./Flows";

const kColumns: readonly Column<PacketRow>[] = [
  { key: "n", title: S.columns.number, width: "72px", numeric: true, cell: (row) => row.n },
  { key: "time", title: S.columns.time, width: "96px", numeric: true, cell: (row) => `+${row.t.toFixed(6)}`, exact: (row) => absolute(row.time) },
  { key: "action", title: S.columns.action, width: "96px", cell: (row) => <Verdict action={row.action} /> },
  { key: "src", title: S.columns.source, width: "minmax(152px, 1fr)", cell: (row) => (row.src ? endpoint(row.src, row.sport ?? 0) : <span class="muted">–</span>) },
  { key: "dst", title: S.columns.destination, width: "minmax(152px, 1fr)", cell: (row) => (row.dst ? endpoint(row.dst, row.dport ?? 0) : <span class="muted">–</span>) },
  { key: "proto", title: S.columns.protocol, width: "88px", cell: (row) => (row.app_proto && row.app_proto !== "unknown" ? `${row.proto} ${row.app_proto}` : row.proto) },
  { key: "size", title: S.columns.size, width: "64px", numeric: true, cell: (row) => row.size, exact: (row) => S.exactBytes(exact(row.size)) },
  { key: "app", title: S.columns.app, width: "minmax(80px, 0.7fr)", cell: (row) => row.app || <span class="muted">–</span> },
  { key: "info", title: S.columns.info, width: "minmax(120px, 1.4fr)", cell: (row) => row.info, exact: (row) => row.info },
  { key: "rule", title: S.columns.rule, width: "minmax(80px, 0.6fr)", cell: (row) => row.rule || <span class="muted">–</span> },
];
const hidden = hiddenColumns("packets", []);

function PacketTable() {
  const core = currentCore();
  const rows = useMemo(() => new PagedRows<PacketRow>((first, size) => core!.call("packets", first, size)), [core]);
  const columns = kColumns.filter((column) => !hidden.value.has(column.key));
  const key = (pressed: string, row: PacketRow) => {
    if ((pressed !== "b" && pressed !== "a") || row.flow === undefined) return false;
    void act(pressed === "b" ? "block" : "allow", targetOf(row));
    return true;
  };
  return (
    <div class="with-panel">
      <section class="table-place" aria-label={S.packetsTable}>
        <TableBar title={S.packetsTable} rows={counts.value.packets} what={S.packetsTable.toLowerCase()}>
          <ColumnsChoice table="packets" columns={kColumns} hidden={hidden} />
        </TableBar>
        <VirtualTable label={S.packetsTable} columns={columns} count={counts.value.packets} rows={rows} revision={revision.value} open={null}
          tone={(row) => `${row.action === "accept" ? "" : "is-blocked"}${row.n === openPacket.value ? " is-open" : ""}`}
          onOpen={(row) => (openPacket.value = row.n)} onKey={key}
          empty={<EmptyTable filtered={filter.value !== "" || range.value !== null} clear={clearLens} />} />
      </section>
      {openPacket.value !== null && <PacketPanel number={openPacket.value} onClose={() => (openPacket.value = null)} />}
    </div>
  );
}

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const part = (event: LiveEvent, name: string) => (event[name] ?? {}) as Record<string, unknown>;

function nameOf(event: LiveEvent): string {
  return text(part(event, "tls")["sni"] ?? part(event, "quic")["sni"] ?? part(event, "http")["hostname"] ?? part(event, "dns")["rrname"]);
}

const kEventColumns: readonly Column<LiveEvent>[] = [
  { key: "time", title: S.columns.time, width: "96px", numeric: true, cell: (event) => relative(event.timestamp), exact: (event) => clock(epoch(event.timestamp), true) },
  { key: "event", title: S.columns.event, width: "72px", cell: (event) => event.event_type },
  { key: "src", title: S.columns.source, width: "minmax(152px, 1fr)", cell: (event) => endpoint(text(event["src_ip"]), Number(event["src_port"] ?? 0)) },
  { key: "dst", title: S.columns.destination, width: "minmax(152px, 1fr)", cell: (event) => endpoint(text(event["dest_ip"]), Number(event["dest_port"] ?? 0)) },
  { key: "proto", title: S.columns.protocol, width: "88px", cell: (event) => `${text(event["proto"])} ${text(event["app_proto"])}` },
  { key: "app", title: S.columns.app, width: "minmax(80px, 0.8fr)", cell: (event) => text(part(event, "netscope")["app"]) || <span class="muted">–</span> },
  { key: "info", title: S.columns.info, width: "minmax(120px, 1.4fr)", cell: nameOf },
  { key: "action", title: S.columns.action, width: "96px", cell: (event) => {
    const action = text(part(event, "verdict")["action"]) || (event.event_type === "drop" ? "drop" : "");
    return action === "" ? "" : <Verdict action={action} />;
  } },
  { key: "rule", title: S.columns.rule, width: "minmax(80px, 0.7fr)", cell: (event) => text(part(event, "netscope")["rule_id"]) },
];

/** The events in view, newest first: those of the flows in view, and of the time. */
function useEventsInView(): readonly LiveEvent[] {
  const shown = useSignal<readonly LiveEvent[]>([]);
  const all = filter.value === "" && range.value === null;
  useEffect(() => {
    let wanted = true;
    const list = [...events.value].reverse(), span = range.value;
    const show = (keeps: (event: LiveEvent, i: number) => boolean | undefined) => wanted && (shown.value = list.filter(keeps));
    const inTime = (at: number) => span === null || (span.from <= at && at < span.to);
    if (all) shown.value = list;
    else currentCore()?.call("inView", list.map((event) => Number(event["flow_id"] ?? 0))).then(
      (found) => show((event, i) => found[i] && inTime(epoch(event.timestamp))), () => show(() => false));
    return () => void (wanted = false);
  }, [events.value, all, range.value, all ? 0 : revision.value]);
  return shown.value;
}

function EventTable() {
  const shown = useEventsInView();
  const top = useSignal(true);
  const rows = useMemo(() => new ListedRows(shown), [shown]);
  const open = (event: LiveEvent) => {
    const name = nameOf(event);
    toggleFilter(name === "" ? filterWord("ip", text(event["dest_ip"])) : filterWord("domain", name));
    view.value = "flows";
  };
  return (
    <section class="table-place" aria-label={S.eventsTable}>
      <TableBar title={S.eventsTable} rows={shown.length} what={S.columns.event.toLowerCase() + "s"} top={top} />
      <p class="muted table-hint">{S.eventsHint}</p>
      <VirtualTable label={S.eventsTable} follows top={top} columns={kEventColumns} count={shown.length} rows={rows} revision={0} open={null}
        tone={(event) => (event.event_type === "drop" ? "is-blocked" : "")} onOpen={open}
        onKey={(key, event) => {
          if (key !== "b" && key !== "a") return false;
          const name = nameOf(event);
          void act(key === "b" ? "block" : "allow", name === "" ? { prefix: text(event["dest_ip"]) } : { domain: name });
          return true;
        }}
        empty={filter.value === "" && range.value === null ? <p class="empty muted">{S.emptyEvents}</p> : <EmptyTable filtered clear={clearLens} />} />
    </section>
  );
}

export function Packets() {
  return isLive.value ? <EventTable /> : <PacketTable />;
}
