// What the worker does: one core, one capture or one gateway's flows, and the files that the bytes are read from.
// A file is never held as a whole: pieces come in, and packets are read back from the file when they are shown.
import { Core, CoreError } from "../../wasm/core.mjs";
import { csvHeader, csvLine } from "../text/csv";
import { bytesBefore, charactersBefore } from "./offsets";
import type { Comparison, FlowDetails, FlowRow, PacketRow, Stats, TimeRange } from "./rows";

const kExportPiece = 1 << 22; // bytes
const kExportRows = 5000;
const kComparedRows = 500; // of each list; the counts are of all

interface Changes { newly_blocked: number[]; newly_allowed: number[]; unchanged: number }
export interface Counts { packets: number; flows: number }

/** What the core complains of; null: nothing. */
function problemIn(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (problem) {
    if (!(problem instanceof CoreError)) throw problem;
    return problem.message;
  }
}

export class Engine {
  private core!: Core;
  private files: File[] = [];
  private name = "";
  private shown: { filter: string; range: TimeRange | null } = { filter: "", range: null };

  load(module: WebAssembly.Module): void {
    this.core = new Core(module);
  }

  openGateway(name: string): void {
    this.name = name;
    this.core.open("", true);
    this.core.select("");
  }

  /** Begins with these files, joined; their bytes come with `feed`, one file after the other. */
  openCaptures(rules: string, files: File[]): void {
    this.core.open(rules);
    this.files = files;
    this.name = files.map((file) => file.name).join(", ");
  }
  /** The next bytes of a file; why it cannot be read on, or null. */
  feed(bytes: ArrayBuffer): string | null {
    return problemIn(() => this.core.feed(new Uint8Array(bytes)));
  }
  /** A file has ended; what was cut off, or null. */
  endCapture(): string | null {
    return problemIn(() => this.core.endCapture());
  }
  finish(): void {
    this.core.finish();
  }

  /** Rows of a gateway's flows, as JSON. Rows that are wrong are counted, and the others kept. */
  addFlows(rows: string[]): { refused: number } {
    let refused = 0;
    for (const row of rows) {
      try {
        this.core.addFlow(row);
      } catch (problem) {
        if (!(problem instanceof CoreError)) throw problem;
        ++refused;
      }
    }
    return { refused };
  }

  /** What is in view from now on. */
  view(filter: string, range: TimeRange | null): Counts {
    const counts = this.select(filter, range);
    this.shown = { filter, range };
    return counts;
  }
  /** Of what is in view. */
  stats(): Stats {
    return this.core.stats(this.name, Date.now() / 1000);
  }

  /** The statistics of a part of what is in view, which stays as it is. */
  statsWithin(range: TimeRange): Stats {
    this.select(this.shown.filter, range);
    const stats = this.stats();
    this.select(this.shown.filter, this.shown.range);
    return stats;
  }

  private select(filter: string, range: TimeRange | null): Counts {
    try {
      return this.core.select(filter, range?.from ?? 0, range?.to ?? 0);
    } catch (problem) {
      if (!(problem instanceof CoreError)) throw problem;
      const { message, begin = 0, end = 0 } = problem as CoreError & { begin?: number; end?: number };
      throw Object.assign(new Error(message), { begin: charactersBefore(filter, begin), end: charactersBefore(filter, end) });
    }
  }

  sort(column: number, descending: boolean): void {
    this.core.sort(column, descending);
  }
  packets(first: number, count: number): PacketRow[] {
    return this.core.packets(first, count);
  }
  flows(first: number, count: number): FlowRow[] {
    return this.core.flows(first, count);
  }
  positionOfPacket(number: number): number {
    return this.core.positionOfPacket(number);
  }

  flow(id: number): FlowDetails {
    const { packets, ...details } = this.core.flow(id);
    return { ...details, packets: packets.map((number: number) => this.core.packet(number).row) };
  }

  async packet(number: number): Promise<{ row: PacketRow; bytes: Uint8Array }> {
    const { row, file, offset, size } = this.core.packet(number);
    const bytes = await this.files[file]!.slice(offset, offset + size).arrayBuffer();
    return { row, bytes: new Uint8Array(bytes) };
  }

  complete(text: string, cursor: number): { from: number; words: string[] } {
    const { from, words } = this.core.complete(text, bytesBefore(text, cursor));
    return { from: charactersBefore(text, from), words };
  }

  check(rules: string): void {
    this.core.check(rules);
  }
  verdicts(): Uint8Array {
    return this.core.verdicts();
  }
  compare(verdicts: Uint8Array): Comparison {
    return this.withRows(this.core.compare(verdicts));
  }
  setRules(rules: string): void {
    this.core.setRules(rules);
  }
  tryDraft(rules: string): Comparison {
    return this.withRows(this.core.tryDraft(rules));
  }

  inView(ids: number[]): boolean[] {
    return this.core.inView(ids);
  }

  private withRows({ newly_blocked: blocked, newly_allowed: allowed, unchanged }: Changes): Comparison {
    const rows = (ids: number[]) => ids.slice(0, kComparedRows).map((id) => this.core.flowRow(id) as FlowRow);
    return {
      newly_blocked: rows(blocked), newly_allowed: rows(allowed),
      blocked: blocked.length, allowed: allowed.length, unchanged,
    };
  }

  /** The packets in view that were accepted, as captures like those that were opened. */
  async filteredCaptures(): Promise<{ name: string; blob: Blob }[]> {
    const captures = [];
    for (const [index, file] of this.files.entries()) {
      const ranges: number[] = this.core.ranges(index, true);
      captures.push({ name: file.name.replace(/(\.[^.]*)?$/, "-filtered$1"), blob: await stretchesOf(file, ranges) });
    }
    return captures;
  }

  exportCsv(): Blob {
    const parts = [csvHeader];
    for (let first = 0; ; first += kExportRows) {
      const rows = this.flows(first, kExportRows);
      if (rows.length === 0) return new Blob(parts, { type: "text/csv" });
      parts.push(rows.map(csvLine).join(""));
    }
  }
  /** Lines as --flows writes them. */
  exportJson(): Blob {
    const parts: string[] = [];
    for (let first = 0; ; first += kExportRows) {
      const lines = this.core.eve(first, kExportRows);
      if (lines === "") return new Blob(parts, { type: "application/x-ndjson" });
      parts.push(lines);
    }
  }
}

/** The stretches [offset, size, ...] of a file, put together. They are read in pieces: one read each would take minutes. */
async function stretchesOf(file: File, ranges: number[]): Promise<Blob> {
  const parts: Blob[] = [];
  let range = 0;
  for (let at = 0; at < file.size && range < ranges.length; at += kExportPiece) {
    const piece = await file.slice(at, at + kExportPiece).arrayBuffer();
    const kept: Uint8Array<ArrayBuffer>[] = [];
    while (range < ranges.length) {
      const begin = ranges[range]!, end = begin + ranges[range + 1]!;
      if (begin >= at + piece.byteLength) break;
      const from = Math.max(begin, at) - at, to = Math.min(end - at, piece.byteLength);
      kept.push(new Uint8Array(piece, from, to - from));
      if (end - at > piece.byteLength) break; // goes on in the next piece
      range += 2;
    }
    if (kept.length > 0) parts.push(new Blob(kept));
  }
  return new Blob(parts, { type: "application/vnd.tcpdump.pcap" });
}
