// Nothing is open yet, or it is being read, or it could not be read; and the gateway that asks for its token.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon } from "../parts/Icon";
import { closeSource, openCaptures, openSample } from "../session";
import { unlock } from "../sources/gateway";
import { phase, progress } from "../state";
import { S } from "../strings";
import { bytes } from "../text/format";

function Choose() {
  const files = useRef<HTMLInputElement>(null);
  return (
    <div class="choose">
      <input ref={files} class="sr" type="file" multiple accept=".pcap,.pcapng,.cap,.ntar" aria-label={S.chooseFile}
        onChange={(event) => { const chosen = [...(event.currentTarget.files ?? [])]; if (chosen.length > 0) void openCaptures(chosen); }} />
      <button class="primary" onClick={() => files.current?.click()}>{S.chooseFile}</button>
      <button onClick={() => void openSample()}>{S.trySample}</button>
    </div>
  );
}

function Reading() {
  const { bytes: done = 0, total = 1, file = "" } = progress.value ?? {};
  return (
    <div class="reading">
      <label for="reading" class="reading-name">{file || S.phases.analysing}</label>
      <progress id="reading" max={Math.max(1, total)} value={done} />
      <p class="muted">{bytes(done)} / {bytes(total)}</p>
      <button onClick={closeSource}>{S.cancel}</button>
    </div>
  );
}

function GatewayAddress() {
  const problem = useSignal("");
  const address = useRef<HTMLInputElement>(null);
  const go = (event: Event) => {
    event.preventDefault();
    const written = address.current!.value.trim();
    const url = /^https?:\/\//.test(written) ? written : `http://${written}`;
    if (!URL.canParse(url) || written === "") problem.value = S.badAddress;
    else location.href = new URL("/", url).href;
  };
  return (
    <form class="gateway" onSubmit={go}>
      <h3>{S.gatewayTitle}</h3>
      <div class="row-of-buttons">
        <input ref={address} type="text" aria-label={S.gatewayAddress} placeholder="127.0.0.1:8080" spellcheck={false}
          aria-describedby="gateway-hint" onInput={() => (problem.value = "")} />
        <button type="submit">{S.connect}</button>
      </div>
      <p id="gateway-hint" class={problem.value ? "is-bad" : "muted"} role={problem.value ? "alert" : undefined}>{problem.value || S.gatewayHint}</p>
    </form>
  );
}

export function Start() {
  const { is } = phase.value;
  const why = phase.value.is === "failed" ? phase.value.why : "";
  return (
    <section class="start">
      <div class="drop">
        <Icon name="file" />
        {is === "analysing" ? <Reading /> : (
          <>
            <h2>{is === "failed" ? S.failedTitle : S.dropTitle}</h2>
            {is === "failed" ? <p class="is-bad" role="alert">{why}</p> : null}
            <p class="muted">{is === "failed" ? S.failedHint : S.dropKinds}</p>
            <Choose />
          </>
        )}
        <p class="promise"><Icon name="lock" />{S.nothingLeaves}</p>
      </div>
      {is !== "analysing" && <GatewayAddress />}
    </section>
  );
}

export function Locked() {
  const token = useRef<HTMLInputElement>(null);
  const why = phase.value.is === "locked" ? phase.value.why : "";
  return (
    <section class="start">
      <form class="token" onSubmit={(event) => { event.preventDefault(); void unlock(token.current!.value.trim()); }}>
        <Icon name="lock" />
        <h2>{S.tokenTitle}</h2>
        <p class="muted">{S.tokenHint}</p>
        <div class="row-of-buttons">
          <input ref={token} type="password" aria-label={S.token} autocomplete="current-password" required />
          <button class="primary" type="submit">{S.unlock}</button>
        </div>
        {why !== "" && <p class="is-bad" role="alert">{why}</p>}
      </form>
    </section>
  );
}
