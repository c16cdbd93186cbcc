// Applications, domains, clients: bytes as a bar, its blocked part hatched. A press filters; block, allow, copy are at hand.
import type { Stats } from "../core/rows";
import { Icon } from "./Icon";
import { act } from "../policy";
import { filterWord, tell, toggleFilter } from "../session";
import type { Target } from "../sources/api";
import { filter, trends } from "../state";
import { S } from "../strings";
import { bytes, count, exact, percent } from "../text/format";

const kShown = 10;

interface Entry { name: string; pkts: number; bytes: number; flows: number; blocked: number }
type Field = "app" | "domain" | "client";

function Trend({ part }: { part: number | undefined }) {
  if (part === undefined) return <span class="trend" />;
  const [sign, word] = part > 0.6 ? ["↗", S.rising] : part < 0.4 ? ["↘", S.falling] : ["→", S.steady];
  return <span class="trend" title={word}><span aria-hidden="true">{sign}</span><span class="sr">{word}</span></span>;
}

function Bar({ entry, field, most, sum }: { entry: Entry; field: Field; most: number; sum: number }) {
  const condition = filterWord(field, entry.name);
  const target: Target = { [field]: entry.name };
  const copy = () => void navigator.clipboard.writeText(entry.name).then(() => tell({ text: S.copied(entry.name) }), () => {});
  const stopped = entry.pkts === 0 ? 0 : Math.min(1, entry.blocked / entry.pkts);
  return (
    <li class="bar" onKeyDown={(event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.key !== "b" && event.key !== "a")) return;
      event.preventDefault();
      void act(event.key === "b" ? "block" : "allow", target);
    }}>
      <button class="bar-main" aria-pressed={filter.value.includes(condition)} onClick={() => toggleFilter(condition)}
        title={S.exactly(exact(entry.bytes), exact(entry.pkts), exact(entry.blocked))}>
        <span class="bar-name">{entry.name}</span>
        <Trend part={trends.value.get(`${field}:${entry.name}`)} />
        <span class="bar-flows">{S.flowsCount(count(entry.flows))}</span>
        <span class="bar-value">{bytes(entry.bytes)}</span>
        <span class="bar-share" title={S.share}>{percent(entry.bytes, sum)}</span>
        <span class="bar-track" aria-hidden="true">
          <i style={{ width: `${(100 * entry.bytes * (1 - stopped)) / most}%` }} />
          <i class="hatched" style={{ width: `${(100 * entry.bytes * stopped) / most}%` }} />
        </span>
        {entry.blocked > 0 && <span class="sr">{percent(entry.blocked, entry.pkts)} {S.blocked}</span>}
      </button>
      <span class="bar-acts">
        <button class="icon-button small" aria-label={`${S.block} ${entry.name}`} title={S.block} onClick={() => void act("block", target)}><Icon name="block" /></button>
        <button class="icon-button small" aria-label={`${S.allow} ${entry.name}`} title={S.allow} onClick={() => void act("allow", target)}><Icon name="allow" /></button>
        <button class="icon-button small" aria-label={`${S.copy} ${entry.name}`} title={S.copy} onClick={copy}><Icon name="copy" /></button>
      </span>
    </li>
  );
}

function BarList({ title, field, entries, estimated = false }: { title: string; field: Field; entries: Entry[]; estimated?: boolean }) {
  const sum = entries.reduce((total, entry) => total + entry.bytes, 0);
  const sorted = [...entries].sort((a, b) => b.bytes - a.bytes);
  return (
    <section class="bar-list" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p class="muted">{estimated ? S.topOnly : count(entries.length)}</p>
      </header>
      {entries.length === 0 && <p class="muted empty">{S.nothingHere}</p>}
      <ul class="bars">
        {sorted.slice(0, kShown).map((entry) => <Bar key={entry.name} entry={entry} field={field} most={sorted[0]!.bytes} sum={sum} />)}
      </ul>
    </section>
  );
}

export function BarLists({ stats }: { stats: Stats }) {
  return (
    <>
      <BarList title={S.applications} field="app" entries={stats.apps.map((app) => ({ ...app, name: app.app }))} />
      <BarList title={S.domains} field="domain" estimated={stats.truncated.domains} entries={stats.domains.map((domain) => ({ ...domain, name: domain.domain }))} />
      <BarList title={S.clients} field="client" estimated={stats.truncated.clients} entries={stats.clients.map((client) => ({ ...client, name: client.ip }))} />
    </>
  );
}
