// What is in view, as files.
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { saveCaptures, saveCsv, saveJson, saveRules, saveStats } from "../save";
import { isLive } from "../state";
import { S } from "../strings";

export function ExportMenu() {
  const entries: [string, () => unknown][] = [
    [S.exportCsv, saveCsv], [S.exportJson, saveJson], [S.exportStats, saveStats],
    ...(isLive.value ? [] : [[S.exportPcap, saveCaptures] as [string, () => unknown]]),
    [S.exportRules, () => saveRules()],
  ];
  return (
    <Popover label={<><Icon name="down" />{S.exports}</>}>
      {(close) => entries.map(([word, save]) => <button key={word} class="menu-entry" onClick={() => { void save(); close(); }}>{word}</button>)}
    </Popover>
  );
}
