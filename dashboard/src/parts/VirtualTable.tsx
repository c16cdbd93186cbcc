// A table of any length: only the rows that are seen exist, and they are used again as one scrolls. Rows have one height,
// so that place and number are one calculation; where a browser's tallest element is not tall enough, places are scaled.
import { Component, type ComponentChildren } from "preact";
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { RowSource } from "./rows_of_core";
import { isLive, now, type Sort } from "../state";

export interface Column<Row> {
  key: string;
  title: string;
  width: string; // of a grid's track
  numeric?: boolean;
  sort?: number; // column of the core
  cell: (row: Row) => ComponentChildren;
  exact?: (row: Row) => string; // on hover
}

const kRow = 28;
const kTallest = 15_000_000; // px; below what Firefox and Chromium lay out
const kSpare = 4; // rows above and below what is seen

interface Properties<Row> {
  label: string;
  columns: readonly Column<Row>[];
  count: number;
  rows: RowSource<Row>;
  revision: number;
  open: number | null; // index of the row whose panel is open, where known
  tone: (row: Row) => string;
  onOpen: (row: Row, index: number) => void;
  onKey?: (key: string, row: Row) => boolean;
  sort?: Sort;
  onSort?: (column: number) => void;
  follows?: boolean; // new rows come at the top: it is followed there, and elsewhere what is read stays in its place
  top?: Signal<boolean>; // whether the first row is seen; made true, it is
  empty: ComponentChildren;
}

function Heads<Row>({ columns, sort, onSort }: Pick<Properties<Row>, "columns" | "sort" | "onSort">) {
  return (
    <div class="table-row table-head" role="row" aria-rowindex={1}>
      {columns.map((column) => {
        const by = column.sort !== undefined && sort?.column === column.sort;
        const order = by ? (sort!.descending ? "descending" : "ascending") : undefined;
        return (
          <div key={column.key} role="columnheader" class={column.numeric ? "is-number" : ""} aria-sort={order}>
            {column.sort === undefined || onSort === undefined ? column.title : (
              <button onClick={() => onSort(column.sort!)}>{column.title}<span aria-hidden="true">{by ? (sort!.descending ? " ↓" : " ↑") : ""}</span></button>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** A row's cells, written anew only where the row is another one, or came again. */
class Cells<Row> extends Component<{ row: Row; columns: readonly Column<Row>[]; tick: number }> {
  override shouldComponentUpdate(next: Readonly<{ row: Row; columns: readonly Column<Row>[]; tick: number }>): boolean {
    return next.row !== this.props.row || next.tick !== this.props.tick || next.columns.length !== this.props.columns.length;
  }
  override render() {
    const { row, columns } = this.props;
    return columns.map((column) => (
      <div key={column.key} role="gridcell" class={column.numeric ? "is-number" : column.width.startsWith("minmax") ? "is-text" : ""} title={column.exact?.(row)}>{column.cell(row)}</div>
    ));
  }
}

export function VirtualTable<Row>(table: Properties<Row>) {
  const { columns, count, rows, revision } = table;
  const place = useRef<HTMLDivElement>(null);
  const first = useSignal(0), seen = useSignal(20), cursor = useSignal(-1), came = useSignal(0);
  const fullHeight = count * kRow, height = Math.min(fullHeight, kTallest);
  const reach = Math.max(1, height - seen.value * kRow), fullReach = Math.max(1, fullHeight - seen.value * kRow);
  const scale = height === fullHeight ? 1 : fullReach / reach;

  const measure = () => {
    const node = place.current;
    if (node === null) return;
    seen.value = Math.max(1, Math.floor((node.clientHeight - kRow) / kRow));
    first.value = Math.min(Math.max(0, count - seen.value), Math.floor((node.scrollTop * scale) / kRow));
    if (table.top !== undefined) table.top.value = node.scrollTop === 0;
  };
  const wanted = table.top?.value;
  useLayoutEffect(() => {
    if (wanted) place.current!.scrollTop = 0;
  }, [wanted]);
  const before = useRef(count);
  useLayoutEffect(() => {
    const more = count - before.current, node = place.current!;
    before.current = count;
    if (!table.follows || more <= 0 || node.scrollTop === 0 || scale !== 1) return;
    node.scrollTop += more * kRow;
    if (cursor.value >= 0) cursor.value += more;
  }, [count]);
  useLayoutEffect(() => {
    measure();
    const sized = new ResizeObserver(measure);
    sized.observe(place.current!);
    return () => sized.disconnect();
  }, [count, scale]);
  useEffect(() => rows.renew(), [revision, rows]);

  const begin = Math.max(0, first.value - kSpare), end = Math.min(count, first.value + seen.value + kSpare + 1);
  useEffect(() => {
    if (count > 0) rows.want(begin, Math.max(begin, end - 1), () => came.value++);
  }, [begin, end, revision, rows, count]);
  came.value;
  const tick = isLive.value ? Math.floor(now.value) : 0; // where time passes, "12 s ago" does too

  const show = (index: number) => {
    cursor.value = index;
    const node = place.current!;
    const top = (node.scrollTop * scale) / kRow;
    if (index < top) node.scrollTop = (index * kRow) / scale;
    else if (index >= top + seen.value) node.scrollTop = ((index - seen.value + 1) * kRow) / scale;
  };
  const openRow = (index: number) => {
    const row = rows.get(index);
    if (row !== undefined) table.onOpen(row, index);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || count === 0 || event.target !== place.current) return;
    const row = rows.get(cursor.value);
    const to = (index: number) => show(Math.min(count - 1, Math.max(0, index)));
    switch (event.key) {
      case "j": case "ArrowDown": to(cursor.value + 1); break;
      case "k": case "ArrowUp": to(cursor.value - 1); break;
      case "PageDown": to(cursor.value + seen.value); break;
      case "PageUp": to(cursor.value - seen.value); break;
      case "Home": to(0); break;
      case "End": to(count - 1); break;
      case "Enter": openRow(cursor.value); break;
      default: if (row === undefined || !table.onKey?.(event.key, row)) return;
    }
    event.preventDefault();
  };
  // Where places are scaled, the rows hang on what is seen instead of on their own places.
  const hang = place.current === null ? 0 : place.current.scrollTop - ((place.current.scrollTop * scale) % kRow);
  const topOf = (index: number) => (scale === 1 ? index * kRow : hang + (index - first.value) * kRow);
  const tracks = columns.map((column) => column.width).join(" ");
  const size = end - begin + 1;
  const indexes = Array.from({ length: end - begin }, (_, i) => begin + i).sort((a, b) => (a % size) - (b % size));
  return (
    <div class="table" role="grid" tabIndex={0} ref={place} aria-label={table.label} aria-rowcount={count + 1} aria-colcount={columns.length}
      aria-activedescendant={cursor.value >= begin && cursor.value < end ? `row-${cursor.value}` : undefined}
      onScroll={measure} onKeyDown={keyDown} style={{ "--tracks": tracks }}>
      <Heads columns={columns} sort={table.sort} onSort={table.onSort} />
      {count === 0 && <div role="row"><div role="gridcell" class="table-empty">{table.empty}</div></div>}
      <div class="table-body" role="rowgroup" style={{ height: `${height}px` }}>
        {indexes.map((index) => {
          const row = rows.get(index);
          const marks = `${index === cursor.value ? " is-cursor" : ""}${index === table.open ? " is-open" : ""}`;
          return (
            <div key={index % size} id={`row-${index}`} class={`table-row ${row === undefined ? "" : table.tone(row)}${marks}`} role="row"
              aria-rowindex={index + 2} aria-selected={index === table.open} style={{ top: `${topOf(index)}px` }}
              onClick={() => { cursor.value = index; openRow(index); }}>
              {row === undefined ? <div role="gridcell" class="row-waiting">…</div> : <Cells row={row} columns={columns} tick={tick} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}
