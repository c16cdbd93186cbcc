// Reads captures into a core. The page reads while the worker works: a worker that read for itself would receive bytes
// only while it waits for them.
import type { CoreClient } from "./client";

const kPiece = 1 << 22, kPiecesUnderWay = 2;

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
  let problem: string | null = null;
  const underWay: Promise<void>[] = [];
  for (let at = 0; at < file.size && problem === null; at += kPiece) {
    const piece = await file.slice(at, at + kPiece).arrayBuffer();
    if (underWay.length === kPiecesUnderWay) await underWay.shift();
    const end = at + piece.byteLength; // the core owns the piece from here on
    const fed = core.call("feed", piece).then((said) => {
      problem ??= said;
      told(end);
    });
    fed.catch(() => {}); // who waits for it is told; after a cancellation nobody does
    underWay.push(fed);
  }
  await Promise.all(underWay);
  const atEnd = await core.call("endCapture"); // told of a broken file as well, so that the next can begin
  return problem ?? atEnd;
}
