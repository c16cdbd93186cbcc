// The rules as text: line numbers, and what is wrong marked at its line.
import { useEffect, useRef } from "preact/hooks";
import { draft, draftProblem } from "../state";
import { S } from "../strings";

export function Editor() {
  const text = useRef<HTMLTextAreaElement>(null), lines = useRef<HTMLDivElement>(null);
  const count = draft.value.split("\n").length, wrong = draftProblem.value?.line ?? 0;
  const follow = () => {
    if (lines.current && text.current) lines.current.scrollTop = text.current.scrollTop;
  };
  useEffect(follow, [count]);
  return (
    <div class="editor">
      <div class="editor-lines" ref={lines} aria-hidden="true">
        {Array.from({ length: count }, (_, i) => <div key={i} class={i + 1 === wrong ? "is-wrong" : ""}>{i + 1}</div>)}
      </div>
      <textarea ref={text} aria-label={S.editor} spellcheck={false} autocapitalize="off" autocomplete="off" wrap="off" value={draft.value}
        aria-invalid={draftProblem.value !== null} onInput={(event) => (draft.value = event.currentTarget.value)} onScroll={follow}
        onKeyDown={(event) => {
          if (event.key === "Escape") { event.preventDefault(); event.currentTarget.blur(); }
        }} />
      {draft.value.trim() === "" && <button class="editor-example" onClick={() => (draft.value = S.ruleExample)}>{S.insertExample}</button>}
    </div>
  );
}
