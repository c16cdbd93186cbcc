// A verdict: never by colour alone.
import { S } from "../strings";

const kSigns: Record<string, string> = { accept: "✓", drop: "✕", reject: "↩" };

export function Verdict({ action }: { action: string }) {
  return <span class={`verdict is-${action}`}><span aria-hidden="true">{kSigns[action] ?? "·"} </span>{S.verdicts[action] ?? action}</span>;
}
