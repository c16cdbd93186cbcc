// What stopped packets: the rules by their packets, the default, overload, what the kernel lost.
import type { Stats } from "../core/rows";
import { filterWord, toggleFilter } from "../session";
import { S } from "../strings";
import { count, exact, percent } from "../text/format";

interface Reason { name: string; packets: number; hits: number | null; filter: string | null }

export function reasonsOf(stats: Stats): Reason[] {
  const { drop_reason: reason } = stats.stats.firewall;
  const reasons: Reason[] = stats.rules.map((rule) => ({ name: rule.id, packets: rule.pkts ?? rule.hits, hits: rule.hits, filter: filterWord("rule", rule.id) }));
  for (const key of ["default_policy", "overload", "unparsed", "unjudged"]) {
    reasons.push({ name: S.reasons[key]!, packets: reason[key] ?? 0, hits: null, filter: key === "default_policy" ? "rule:default and blocked" : null });
  }
  const { kernel_drops = 0, user_drops = 0 } = stats.stats.capture;
  reasons.push({ name: S.reasons["kernel"]!, packets: kernel_drops + user_drops, hits: null, filter: null });
  return reasons.filter((entry) => entry.packets > 0).sort((a, b) => b.packets - a.packets);
}

export function WhyBlocked({ stats }: { stats: Stats }) {
  const reasons = reasonsOf(stats);
  const sum = reasons.reduce((total, entry) => total + entry.packets, 0), most = reasons[0]?.packets ?? 1;
  return (
    <section class="why" aria-label={S.why}>
      <header><h2>{S.why}</h2></header>
      {reasons.length === 0 && <p class="muted empty">{S.whyNothing}</p>}
      <ul class="bars">
        {reasons.slice(0, 8).map((entry) => (
          <li key={entry.name} class="bar">
            <button class="bar-main" disabled={entry.filter === null} onClick={() => toggleFilter(entry.filter!)}
              title={S.exactPackets(exact(entry.packets))}>
              <span class="bar-name">{entry.name}</span>
              <span class="bar-value">{count(entry.packets)}</span>
              <span class="bar-share">{percent(entry.packets, sum)}</span>
              <span class="bar-track" aria-hidden="true"><i class="hatched" style={{ width: `${(100 * entry.packets) / most}%` }} /></span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
