// Who talks to what: client, application, domain. A blocked flow ends short of its domain, hatched, with a bar across.
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Stats } from "../core/rows";
import { filterWord, toggleFilter } from "../session";
import { S } from "../strings";
import { bytes } from "../text/format";
import { mapOf, type MapLink, type MapNode } from "../text/map";

type Node = SankeyNode<MapNode, MapLink>;
type Link = SankeyLink<MapNode, MapLink>;

const kNode = 6, kGap = 14, kRow = 26, kNarrow = 640;

function layOut({ edges, domains }: Stats, width: number) {
  const { nodes, links } = mapOf(edges, domains, S.other, S.unnamed);
  if (links.length === 0) return null;
  const rows = Math.max(...[0, 1, 2].map((column) => nodes.filter((node) => node.column === column).length));
  const height = Math.max(160, rows * kRow);
  const margin = Math.min(200, width * 0.28);
  const graph = sankey<MapNode, MapLink>()
    .nodeId((node) => node.id).nodeAlign((node) => node.column).nodeWidth(kNode).nodePadding(kGap)
    .extent([[margin, 4], [width - margin, height - 4]])({ nodes, links });
  return { ...graph, height };
}

/** From the application to two thirds of the way. */
function shortPath(link: Link): { path: string; x: number } {
  const from = link.source as Node, x0 = from.x1!, x1 = (link.target as Node).x0!;
  const x = x0 + (x1 - x0) * 0.62, y0 = link.y0!, y = y0 + (link.y1! - y0) * 0.62, half = (x - x0) / 2;
  return { path: `M${x0},${y0}C${x0 + half},${y0} ${x - half},${y} ${x},${y}`, x };
}

function LinkShape({ link }: { link: Link }) {
  const source = link.source as Node, target = link.target as Node;
  const width = Math.max(1.5, link.width ?? 0);
  const title = <title>{`${source.name} → ${target.name}: ${bytes(link.value)}${link.blocked ? `, ${S.blocked}` : ""}`}</title>;
  if (!link.blocked || target.column === 1) {
    return <path class={`map-link ${link.blocked ? "is-blocked" : ""}`} d={sankeyLinkHorizontal()(link as never) ?? ""} stroke-width={width}>{title}</path>;
  }
  const { path, x } = shortPath(link);
  const y = link.y0! + (link.y1! - link.y0!) * 0.62, reach = width / 2 + 3;
  return (
    <>
      <path class="map-link is-blocked" d={path} stroke-width={width}>{title}</path>
      <path class="map-stop" d={`M${x},${y - reach}V${y + reach}`} />
    </>
  );
}

function NodeShape({ node, width }: { node: Node; width: number }) {
  const middle = (node.y0! + node.y1!) / 2;
  const [x, anchor] = node.column === 0 ? [node.x0! - 8, "end"] : node.column === 2 ? [node.x1! + 8, "start"] : [node.x1! + 8, "start"];
  const letters = Math.floor(((node.column === 1 ? 130 : Math.min(200, width * 0.28)) - 12) / 6.6);
  const name = node.name.length > letters ? `${node.name.slice(0, letters - 1)}…` : node.name;
  const press = () => {
    if (node.filter === null) return;
    const [field, value] = node.filter.split("\0");
    toggleFilter(filterWord(field!, value!));
  };
  const stopped = node.column === 2 && (node.targetLinks as Link[]).every((link) => link.blocked);
  const controls = node.filter === null ? {} : {
    role: "button" as const, tabindex: 0, "aria-label": `${node.name}, ${bytes(node.value ?? 0)}${stopped ? `, ${S.blocked}` : ""}`, onClick: press,
    onKeyDown: (event: KeyboardEvent) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); } },
  };
  return (
    <g class={`map-node ${stopped ? "is-blocked" : ""}`} {...controls}>
      <title>{`${node.name}: ${bytes(node.value ?? 0)}`}</title>
      <rect x={node.x0} y={node.y0} width={kNode} height={Math.max(2, node.y1! - node.y0!)} />
      <text x={x} y={middle} dy="0.35em" text-anchor={anchor}>{name}</text>
    </g>
  );
}

export function FlowMap({ stats }: { stats: Stats }) {
  const place = useRef<HTMLDivElement>(null);
  const width = useSignal(960);
  useLayoutEffect(() => {
    const measure = () => (width.value = Math.max(kNarrow, place.current?.clientWidth ?? kNarrow));
    measure();
    const sized = new ResizeObserver(measure);
    sized.observe(place.current!);
    return () => sized.disconnect();
  }, []);
  const graph = useMemo(() => layOut(stats, width.value), [stats, width.value]);
  return (
    <section class="map" aria-label={S.map}>
      <header>
        <h2>{S.map}</h2>
        <p class="legend"><span class="is-accepted">{S.accepted}</span><span class="is-blocked">{S.blocked}</span></p>
      </header>
      <div ref={place} class="map-place" tabIndex={width.value > kNarrow ? undefined : 0} role="group" aria-label={S.mapName}>
        {graph === null ? <p class="muted empty">{S.mapEmpty}</p> : (
          <svg width={width.value} height={graph.height} viewBox={`0 0 ${width.value} ${graph.height}`}>
            <g fill="none">{graph.links.map((link) => <LinkShape key={`${(link.source as Node).id}${(link.target as Node).id}${link.blocked}`} link={link as Link} />)}</g>
            {[...graph.nodes].sort((a, b) => a.column - b.column || a.y0! - b.y0!).map((node) => <NodeShape key={node.id} node={node as Node} width={width.value} />)}
          </svg>
        )}
      </div>
    </section>
  );
}
