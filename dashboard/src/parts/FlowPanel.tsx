// One flow: its life, its verdict and why, its names and where each came from, its packets and their bytes.
import { batch, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { FlowDetails, PacketRow } from "../core/rows";
import { BlockMenu } from "./BlockMenu";
import { Icon } from "./Icon";
import { Only } from "./Only";
import { PacketBytes } from "./PacketPanel";
import { Verdict } from "./Verdict";
import { currentCore, problemOf } from "../session";
import { isLive, openFlow, openPacket, revision } from "../state";
import { S } from "../strings";
import { bytes, clock, endpoint, epoch, exact, seconds } from "../text/format";

interface Step { at: number; word: string; kind: string }

/** What happened when, as parts of the flow's time. */
export function stepsOf({ row, names, packets }: FlowDetails): Step[] {
  const begin = epoch(row.start), time = (packet: PacketRow) => epoch(packet.time);
  const steps: Step[] = [{ at: begin, word: S.lifeSteps.start, kind: "start" }];
  const note = (packet: PacketRow | undefined, word: string, kind: string) => packet && steps.push({ at: time(packet), word, kind });
  const answered = packets.findIndex((packet) => packet.info.startsWith("SYN, ACK"));
  if (answered >= 0) note(packets.slice(answered + 1).find((packet) => packet.src === row.client), S.lifeSteps.handshake, "handshake");
  note(packets.find((packet) => names.some(({ name }) => packet.info.includes(name))), S.lifeSteps.name, "name");
  note(packets.find((packet) => packet.action !== "accept"), S.lifeSteps.verdict, "blocked");
  steps.push({ at: epoch(row.end), word: S.lifeSteps.end, kind: "end" });
  return steps;
}

function Life({ details }: { details: FlowDetails }) {
  const steps = stepsOf(details);
  const begin = steps[0]!.at, length = Math.max(1e-9, steps.at(-1)!.at - begin);
  const place = (at: number) => Math.min(100, Math.max(0, (100 * (at - begin)) / length));
  return (
    <section>
      <h3>{S.life}</h3>
      <div class="life" aria-hidden="true">
        {details.packets.map((packet) => <i key={packet.n} class={packet.action === "accept" ? "" : "is-blocked"} style={{ left: `${place(epoch(packet.time))}%` }} />)}
      </div>
      <ol class="life-steps">
        {steps.map((step) => <li key={step.word} class={`is-${step.kind}`}><span class="number">+{seconds(step.at - begin)}</span> {step.word}</li>)}
      </ol>
    </section>
  );
}

function Facts({ row, ja4, service }: FlowDetails) {
  return (
    <dl class="facts">
      <dt>{S.columns.client}</dt><dd><Only field="client" value={row.client} />{row.cport > 0 && ` ${S.port} ${row.cport}`}</dd>
      <dt>{S.columns.server}</dt><dd><Only field="server" value={row.server} />{row.sport > 0 && <> {S.port} <Only field="port" value={String(row.sport)} /></>}</dd>
      <dt>{S.columns.protocol}</dt><dd>{row.proto} {row.app_proto !== "unknown" && row.app_proto !== "" && <Only field="proto" value={row.app_proto} />}{service !== undefined && <>, <Only field="proto" value={service} /></>}</dd>
      {row.app !== "" && <><dt>{S.columns.app}</dt><dd><Only field="app" value={row.app} />{row.category !== "" && <>, <Only field="category" value={row.category} /></>}</dd></>}
      {ja4 !== undefined && <><dt><abbr title={S.ja4Long}>JA4</abbr></dt><dd class="fingerprint"><Only field="ja4" value={ja4} /></dd></>}
      <dt>{S.traffic}</dt>
      <dd title={S.exactBytes(exact(row.bytes))}>{bytes(row.to_server)} {S.toServer}, {bytes(row.to_client)} {S.toClient}</dd>
      <dt>{S.columns.time}</dt><dd>{clock(epoch(row.start), true)}, {seconds(row.duration)}, {row.state}</dd>
    </dl>
  );
}

function PacketList({ packets, client }: { packets: readonly PacketRow[]; client: string }) {
  return (
    <section>
      <h3>{S.packetsOfFlow}{packets.length >= 1000 && <span class="muted"> {S.firstPackets(packets.length)}</span>}</h3>
      <ul class="packet-list">
        {packets.map((packet) => (
          <li key={packet.n}>
            <button class={packet.action === "accept" ? "" : "is-blocked"} aria-expanded={openPacket.value === packet.n}
              onClick={() => (openPacket.value = openPacket.value === packet.n ? null : packet.n)}>
              <span class="number">{packet.n}</span>
              <span aria-label={packet.src === client ? S.toServer : S.toClient}>{packet.src === client ? "→" : "←"}</span>
              <span class="packet-info">{packet.info}</span>
              <span class="number">{packet.size}</span>
              <Verdict action={packet.action} />
            </button>
            {openPacket.value === packet.n && <PacketBytes number={packet.n} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Details({ details }: { details: FlowDetails }) {
  const { row, names, why } = details;
  return (
    <>
      <section>
        <h3>{S.verdict}</h3>
        <p class="why-line"><Verdict action={row.action} /> {row.rule !== "" && <Only field="rule" value={row.rule} />}</p>
        {why !== undefined && <p class="why-text">{why}</p>}
        <BlockMenu row={row} />
      </section>
      {!isLive.value && <Life details={details} />}
      <section>
        <h3>{S.names}</h3>
        {names.length === 0 && <p class="muted">{S.namesNone}</p>}
        <ul class="name-list">{names.map(({ name, from }) => <li key={name + from}><Only field="domain" value={name} /> <span class="muted">{S.from[from] ?? from}</span></li>)}</ul>
      </section>
      <section><h3>{S.ends}</h3><Facts {...details} /></section>
      {details.packets.length > 0 && <PacketList packets={details.packets} client={row.client} />}
    </>
  );
}

export function FlowPanel({ id }: { id: number }) {
  const details = useSignal<FlowDetails | null>(null), problem = useSignal("");
  useEffect(() => {
    let wanted = true;
    currentCore()?.call("flow", id).then((found) => wanted && (details.value = found), (reason) => wanted && (problem.value = problemOf(reason).message));
    return () => (wanted = false);
  }, [id, isLive.value ? revision.value : 0]);
  const row = details.value?.row;
  return (
    <aside class="panel" aria-label={S.flowTitle}>
      <header>
        <h2>{row?.domain || (row === undefined ? S.flowTitle : endpoint(row.server, row.sport))}</h2>
        <button class="icon-button" aria-label={S.close} onClick={() => batch(() => { openFlow.value = null; openPacket.value = null; })}><Icon name="close" /></button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label={S.flowTitle}>
        {problem.value !== "" && <p class="is-bad">{problem.value}</p>}
        {details.value !== null && <Details details={details.value} />}
      </div>
    </aside>
  );
}
