// The frame: what is shown, the lens (views, filter, time), and one view.
import { Start, Locked } from "./views/Start";
import { Overview } from "./views/Overview";
import { Flows } from "./views/Flows";
import { Packets } from "./views/Packets";
import { Rules } from "./views/Rules";
import { Help } from "./parts/Help";
import { Notice } from "./parts/Notice";
import { TopBar } from "./parts/TopBar";
import { openCaptures } from "./session";
import { stopWatching } from "./sources/gateway";
import { helpOpen, phase, source, stats, view, type ViewName } from "./state";
import { S } from "./strings";

function View({ name }: { name: ViewName }) {
  switch (name) {
    case "overview": return <Overview />;
    case "flows": return <Flows />;
    case "packets": return <Packets />;
    case "rules": return <Rules />;
  }
}

function dropped(event: DragEvent): void {
  event.preventDefault();
  delete document.documentElement.dataset["dragging"];
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length === 0) return;
  stopWatching();
  void openCaptures(files);
}

function Content() {
  if (phase.value.is === "locked") return <Locked />;
  if (source.value.kind === "none" || phase.value.is === "failed" || phase.value.is === "analysing" && stats.value === null) return <Start />;
  return <View name={view.value} />;
}

export function App() {
  return (
    <div class="app" onDragOver={(event) => { event.preventDefault(); document.documentElement.dataset["dragging"] = ""; }}
      onDragLeave={(event) => { if (event.relatedTarget === null) delete document.documentElement.dataset["dragging"]; }} onDrop={dropped}>
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{S.skip}</a>
      <TopBar />
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
      {helpOpen.value && <Help />}
      <Notice />
    </div>
  );
}
