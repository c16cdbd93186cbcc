// The keys and the words of the filter, in a panel at the side.
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { helpOpen } from "../state";
import { S } from "../strings";

export function Help() {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    close.current?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <aside class="help" aria-label={S.help}>
      <header>
        <h2>{S.keysTitle}</h2>
        <button ref={close} class="icon-button" aria-label={S.close} onClick={() => (helpOpen.value = false)}><Icon name="close" /></button>
      </header>
      <dl class="keys">{S.keys.map(([key, what]) => [<dt key={key}><kbd>{key}</kbd></dt>, <dd>{what}</dd>])}</dl>
      <h2>{S.wordsTitle}</h2>
      <dl class="words">{S.words.map(([word, what]) => [<dt key={word}><code>{word}</code></dt>, <dd>{what}</dd>])}</dl>
    </aside>
  );
}
