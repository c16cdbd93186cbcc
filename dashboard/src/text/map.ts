// The edges of the statistics as the nodes and links of the flow map: the largest, and "other" for what is left.
import type { DomainEntry, Edge } from "../core/rows";

export interface MapNode { id: string; column: 0 | 1 | 2; name: string; filter: string | null }
export interface MapLink { source: string; target: string; value: number; blocked: boolean }

const kEdges = 30;
// Of an edge's packets; from here on it counts as blocked. What is blocked has opened before, and may have passed at other times.
const kBlockedPart = 0.2;

/** The middle size of a packet to each domain, or else of all that there are; edges tell of bytes alone. */
export function packetSizes(domains: readonly DomainEntry[]): (edge: Edge) => number {
  const sizes = new Map(domains.filter((entry) => entry.pkts > 0).map((entry) => [entry.domain, entry.bytes / entry.pkts]));
  const packets = domains.reduce((sum, entry) => sum + entry.pkts, 0), bytes = domains.reduce((sum, entry) => sum + entry.bytes, 0);
  return (edge) => sizes.get(edge.dst) ?? (packets === 0 ? 1 : bytes / packets);
}

export function mapOf(all: readonly Edge[], domains: readonly DomainEntry[], other: string, unnamed: string): { nodes: MapNode[]; links: MapLink[] } {
  const size = packetSizes(domains);
  const edges = all.map((edge) => ({ ...edge, blocked: edge.blocked * size(edge) >= kBlockedPart * edge.bytes ? edge.blocked : 0 }));
  const sorted = edges.filter((edge) => edge.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const shown: Edge[] = sorted.slice(0, kEdges);
  const rest = sorted.slice(kEdges);
  for (const blocked of [0, 1]) {
    const bytes = rest.filter((edge) => Number(edge.blocked > 0) === blocked).reduce((sum, edge) => sum + edge.bytes, 0);
    if (bytes > 0) shown.push({ src: other, app: other, dst: other, bytes, blocked });
  }
  const nodes = new Map<string, MapNode>(), links = new Map<string, MapLink>();
  const node = (column: 0 | 1 | 2, name: string, field: string): string => {
    const id = `${column}:${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, column, name: name === "" ? unnamed : name, filter: name === other || name === "" ? null : `${field}\0${name}` });
    return id;
  };
  const link = (source: string, target: string, edge: Edge) => {
    const key = `${source}\0${target}\0${edge.blocked > 0}`;
    const known = links.get(key);
    if (known) known.value += edge.bytes;
    else links.set(key, { source, target, value: edge.bytes, blocked: edge.blocked > 0 });
  };
  for (const edge of shown) {
    const client = node(0, edge.src, "client"), app = node(1, edge.app, "app"), domain = node(2, edge.dst, "domain");
    link(client, app, edge);
    link(app, domain, edge);
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}
