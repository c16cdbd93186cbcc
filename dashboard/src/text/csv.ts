// Flows as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe before it.
import type { FlowRow } from "../core/rows";

const kColumns = ["start", "end", "duration", "client", "cport", "server", "sport", "proto", "app_proto", "app", "category", "domain",
  "state", "packets", "bytes", "to_server", "to_client", "blocked", "action", "rule"] as const satisfies readonly (keyof FlowRow)[];

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvHeader = kColumns.join(",") + "\r\n";
export function csvLine(row: FlowRow): string {
  return kColumns.map((column) => cell(row[column])).join(",") + "\r\n";
}
