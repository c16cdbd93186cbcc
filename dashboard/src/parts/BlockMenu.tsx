// Block or allow what a flow is about: by application, domain, client or address; at a gateway for a time if wished.
import { useSignal } from "@preact/signals";
import type { FlowRow } from "../core/rows";
import { Icon } from "./Icon";
import { act } from "../policy";
import type { Target } from "../sources/api";
import { isLive } from "../state";
import { S } from "../strings";

type Dimension = keyof Target;

export function BlockMenu({ row }: { row: FlowRow }) {
  const targets: [Dimension, string][] = (
    [["domain", row.domain], ["app", row.app], ["client", row.client], ["prefix", row.server]] as [Dimension, string][]
  ).filter(([, value]) => value !== "");
  const chosen = useSignal<Dimension>(targets[0]![0]), time = useSignal("");
  const dimension = targets.some(([name]) => name === chosen.value) ? chosen.value : targets[0]![0];
  const go = (action: "block" | "allow") => {
    const value = targets.find(([name]) => name === dimension)![1];
    void act(action, { [dimension]: value }, time.value === "" ? null : Number(time.value));
  };
  return (
    <div class="block-menu">
      <select aria-label={S.blockWhat} value={dimension} onChange={(event) => (chosen.value = event.currentTarget.value as Dimension)}>
        {targets.map(([name, value]) => <option key={name} value={name}>{S.dimension[name]} {value}</option>)}
      </select>
      {isLive.value && (
        <select aria-label={S.forHowLong} value={time.value} onChange={(event) => (time.value = event.currentTarget.value)}>
          {Object.entries(S.durations).map(([value, word]) => <option key={value} value={value}>{word}</option>)}
        </select>
      )}
      <button onClick={() => go("block")}><Icon name="block" />{S.block}</button>
      <button onClick={() => go("allow")}><Icon name="allow" />{S.allow}</button>
    </div>
  );
}
