// Which columns a table shows; remembered where the browser allows it.
import { signal, type Signal } from "@preact/signals";
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { S } from "../strings";

export function hiddenColumns(table: string, atFirst: readonly string[]): Signal<ReadonlySet<string>> {
  let kept: string[] | null = null;
  try {
    kept = JSON.parse(localStorage.getItem(`netscope-columns-${table}`) ?? "null") as string[] | null;
  } catch {
    // No storage: the first choice holds.
  }
  return signal<ReadonlySet<string>>(new Set(Array.isArray(kept) ? kept : atFirst));
}

export function ColumnsChoice({ table, columns, hidden }:
  { table: string; columns: readonly { key: string; title: string }[]; hidden: Signal<ReadonlySet<string>> }) {
  const toggle = (key: string) => {
    const next = new Set(hidden.value);
    if (!next.delete(key)) next.add(key);
    if (next.size === columns.length) return; // one stays
    hidden.value = next;
    try {
      localStorage.setItem(`netscope-columns-${table}`, JSON.stringify([...next]));
    } catch {
      // It lasts as long as the page.
    }
  };
  return (
    <Popover label={<><Icon name="columns" />{S.chooseColumns}</>}>
      {() => columns.map((column) => (
        <label key={column.key} class="check"><input type="checkbox" checked={!hidden.value.has(column.key)} onChange={() => toggle(column.key)} />{column.title}</label>
      ))}
    </Popover>
  );
}
