// Files for the reader.
import { currentCore, problemOf, tell } from "./session";
import { stats, rulesText } from "./state";
import { S } from "./strings";

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  tell({ text: S.exported(name) });
}

async function attempt(make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (reason) {
    tell({ text: problemOf(reason).message, bad: true });
  }
}

export const saveCsv = () => attempt(async () => save("flows.csv", await currentCore()!.call("exportCsv")));
export const saveJson = () => attempt(async () => save("flows.jsonl", await currentCore()!.call("exportJson")));
export const saveCaptures = () => attempt(async () => {
  for (const { name, blob } of await currentCore()!.call("filteredCaptures")) save(name, blob);
});
export const saveStats = () => save("stats.json", new Blob([JSON.stringify(stats.value, null, 1)], { type: "application/json" }));
export const saveRules = (text = rulesText.value) => save("rules.toml", new Blob([text], { type: "application/toml" }));
