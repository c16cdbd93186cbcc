// One packet: what it is, its verdict, and its bytes as hex and text, read from the file when they are asked for.
import { batch, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PacketRow } from "../core/rows";
import { Icon } from "./Icon";
import { Only } from "./Only";
import { Verdict } from "./Verdict";
import { currentCore, problemOf } from "../session";
import { openFlow, view } from "../state";
import { S } from "../strings";
import { bytes as bytesText, clock, epoch, exact } from "../text/format";
import { hexDump } from "../text/hex";

const kFirst = 1024;

function usePacket(number: number) {
  const found = useSignal<{ row: PacketRow; bytes: Uint8Array } | null>(null), problem = useSignal("");
  useEffect(() => {
    let wanted = true;
    currentCore()?.call("packet", number).then((packet) => wanted && (found.value = packet), (reason) => wanted && (problem.value = problemOf(reason).message));
    return () => (wanted = false);
  }, [number]);
  return { found: found.value?.row.n === number ? found.value : null, problem: problem.value };
}

function Dump({ bytes }: { bytes: Uint8Array }) {
  const all = useSignal(false);
  const shown = all.value ? bytes : bytes.subarray(0, kFirst);
  return (
    <>
      <pre class="dump" tabIndex={0} role="group" aria-label={S.payload}>{hexDump(shown)}</pre>
      {shown.length < bytes.length && <button class="link" onClick={() => (all.value = true)}>{S.showAll(bytesText(bytes.length))}</button>}
    </>
  );
}

export function PacketBytes({ number }: { number: number }) {
  const { found, problem } = usePacket(number);
  if (problem !== "") return <p class="is-bad">{problem}</p>;
  return found === null ? <p class="muted">{S.readingBytes}</p> : <Dump key={number} bytes={found.bytes} />;
}

function goToFlow(flow: number): void {
  batch(() => {
    openFlow.value = flow;
    view.value = "flows";
  });
}

/** The words of its flow, where both have their verdict from the same rule. */
function Why({ row }: { row: PacketRow }) {
  const why = useSignal("");
  useEffect(() => {
    let wanted = true;
    why.value = "";
    if (row.flow !== undefined) {
      currentCore()?.call("flow", row.flow).then((flow) => {
        if (wanted && flow.row.rule === row.rule) why.value = flow.why ?? "";
      }, () => {});
    }
    return () => void (wanted = false);
  }, [row]);
  return why.value === "" ? null : <span class="why-text"> {why.value}</span>;
}

export function PacketPanel({ number, onClose }: { number: number; onClose: () => void }) {
  const { found, problem } = usePacket(number);
  const row = found?.row;
  return (
    <aside class="panel" aria-label={S.packetTitle(String(number))}>
      <header>
        <h2>{S.packetTitle(exact(number))}</h2>
        <button class="icon-button" aria-label={S.close} onClick={onClose}><Icon name="close" /></button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label={S.packetTitle(String(number))}>
        {problem !== "" && <p class="is-bad">{problem}</p>}
        {row !== undefined && (
          <section>
            <dl class="facts">
              <dt>{S.columns.action}</dt><dd><Verdict action={row.action} /> {row.rule !== "" && <Only field="rule" value={row.rule} />}<Why row={row} /></dd>
              <dt>{S.columns.time}</dt><dd>{clock(epoch(row.time), true)}, +{row.t.toFixed(6)} s</dd>
              {row.src !== undefined && <><dt>{S.columns.source}</dt><dd><Only field="ip" value={row.src} />{row.sport ? ` ${S.port} ${row.sport}` : ""}</dd></>}
              {row.dst !== undefined && <><dt>{S.columns.destination}</dt><dd><Only field="ip" value={row.dst} />{row.dport ? ` ${S.port} ${row.dport}` : ""}</dd></>}
              <dt>{S.columns.protocol}</dt><dd>{row.proto} {row.app_proto && row.app_proto !== "unknown" && <Only field="proto" value={row.app_proto} />}</dd>
              {row.app && <><dt>{S.columns.app}</dt><dd><Only field="app" value={row.app} /></dd></>}
              {row.domain && <><dt>{S.columns.domain}</dt><dd><Only field="domain" value={row.domain} /></dd></>}
              <dt>{S.columns.size}</dt><dd>{S.exactBytes(exact(row.size))}</dd>
              <dt>{S.columns.info}</dt><dd>{row.info}</dd>
            </dl>
            {row.flow !== undefined && <button onClick={() => goToFlow(row.flow!)}>{S.goToFlow}</button>}
          </section>
        )}
        <section><h3>{S.payload}</h3>{found === null ? <p class="muted">{S.readingBytes}</p> : <Dump key={number} bytes={found.bytes} />}</section>
      </div>
    </aside>
  );
}
