// Reads captures into a core. The page reads while the worker works: a worker that read for itself would receive bytes
// only while it waits for them.
import type { CoreClient } from "./client";

const kPiece = 1 << 24, kPiecesUnderWay = 2; // bytes; in the core's hands
const kPiecesAhead = 2; // that the browser fetches at once: one after the other it takes twice as long

export interface Progress { bytes: number; total: number; file: string }

/** Reads the files one after the other, joined; says what was wrong with each that could not be read to its end. */
export async function readCaptures(core: CoreClient, rules: string, files: File[], report: (progress: Progress) => void): Promise<string[]> {
  await core.call("openCaptures", rules, files);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const warnings: string[] = [];
  let before = 0;
  for (const file of files) {
    const problem = await readFile(core, file, (bytes) => report({ bytes: before + bytes, total, file: file.name }));
    if (problem !== null) warnings.push(`${file.name}: ${problem}`);
    before += file.size;
  }
  await core.call("finish");
  return warnings;
}

async function readFile(core: CoreClient, file: File, told: (bytes: number) => void): Promise<string | null> {
  let problem: string | null = null, next = 0;
  const ahead: Promise<ArrayBuffer>[] = [], underWay: Promise<void>[] = [];
  const readOn = () => {
    if (next >= file.size) return;
    const piece = file.slice(next, (next += kPiece)).arrayBuffer();
    piece.catch(() => {}); // who takes it is told
    ahead.push(piece);
  };
  for (let i = 0; i < kPiecesAhead; ++i) readOn();
  for (let end = 0; ahead.length > 0 && problem === null; ) {
    const piece = await ahead.shift()!;
    if (underWay.length === kPiecesUnderWay) await underWay.shift();
    readOn();
    end += piece.byteLength;
    const reached = end; // the core owns the piece from here on
    const fed = core.call("feed", piece).then((said) => {
      problem ??= said;
      told(reached);
    });
    fed.catch(() => {}); // who waits for it is told; after a cancellation nobody does
    underWay.push(fed);
  }
  await Promise.all(underWay);
  const atEnd = await core.call("endCapture"); // told of a broken file as well, so that the next can begin
  return problem ?? atEnd;
}
