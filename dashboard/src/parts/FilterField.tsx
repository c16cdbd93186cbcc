// The filter: applied as it is written, completed after each word, with what is wrong underlined and said.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { currentCore } from "../session";
import { filter, filterProblem } from "../state";
import { S } from "../strings";

const kPause = 120; // ms without a key before the filter is applied

interface Offer { from: number; words: string[]; chosen: number }

function Underline({ text }: { text: string }) {
  const problem = filterProblem.value;
  if (problem === null || problem.begin === undefined) return null;
  const begin = Math.min(problem.begin, text.length), end = Math.max(problem.end ?? begin, begin + 1);
  return (
    <div class="filter-mirror" aria-hidden="true">
      {text.slice(0, begin)}<span class="wrong">{text.slice(begin, end) || "\u00a0"}</span>{text.slice(end)}
    </div>
  );
}

export function FilterField() {
  const text = useSignal(filter.value);
  const offer = useSignal<Offer | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const applied = useRef(filter.value);

  // A filter that others set is shown here. One that was applied here is told after the next frame, when more may have been written.
  useEffect(() => {
    if (filter.value === applied.current) return;
    clearTimeout(timer.current);
    applied.current = text.value = filter.value;
  }, [filter.value]);

  const apply = () => {
    clearTimeout(timer.current);
    applied.current = filter.value = text.value.trim();
  };
  const complete = async () => {
    const cursor = input.current?.selectionStart ?? 0, asked = text.value;
    const answer = await currentCore()?.call("complete", asked, cursor).catch(() => undefined);
    if (answer === undefined || asked !== text.value || document.activeElement !== input.current) return;
    offer.value = answer.words.length === 0 ? null : { ...answer, chosen: -1 };
  };
  const write = (value: string) => {
    text.value = value;
    clearTimeout(timer.current);
    timer.current = setTimeout(apply, kPause);
    void complete();
  };
  const take = (word: string) => {
    const { from } = offer.value!;
    const cursor = input.current?.selectionStart ?? text.value.length;
    const put = /[:<>=]$/.test(word) ? word : `${word} `;
    const head = text.value.slice(0, from) + put;
    text.value = head + text.value.slice(cursor).trimStart();
    input.current!.value = text.value;
    input.current!.setSelectionRange(head.length, head.length);
    offer.value = null;
    write(text.value);
  };
  const key = (event: KeyboardEvent) => {
    const open = offer.value;
    if (event.key === "Enter") {
      event.preventDefault();
      if (open !== null && open.chosen >= 0) return take(open.words[open.chosen]!);
      offer.value = null;
      return apply();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      if (open !== null) offer.value = null;
      else input.current?.blur();
      return;
    }
    if (event.key === "Tab" && open !== null && open.chosen >= 0) {
      event.preventDefault();
      return take(open.words[open.chosen]!);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (open === null) return void complete();
    const step = event.key === "ArrowDown" ? 1 : -1;
    offer.value = { ...open, chosen: (open.chosen + step + open.words.length) % open.words.length };
  };
  return (
    <div class="filter">
      <Icon name="search" />
      <div class="filter-text">
        <Underline text={text.value} />
        <input id="filter" ref={input} type="text" role="combobox" aria-label={S.filter} placeholder={S.filterHint} value={text.value}
          autocomplete="off" autocapitalize="off" spellcheck={false} aria-expanded={offer.value !== null} aria-controls="filter-offer"
          aria-autocomplete="list" aria-invalid={filterProblem.value !== null} aria-describedby={filterProblem.value ? "filter-problem" : undefined}
          aria-activedescendant={offer.value !== null && offer.value.chosen >= 0 ? `offer-${offer.value.chosen}` : undefined}
          onInput={(event) => write(event.currentTarget.value)} onKeyDown={key} onFocus={() => void complete()}
          onBlur={() => { offer.value = null; apply(); }} />
      </div>
      {text.value !== "" && (
        <button class="icon-button small" aria-label={S.clearFilter} onClick={() => { text.value = ""; apply(); }}><Icon name="close" /></button>
      )}
      <ul id="filter-offer" class="offer" role="listbox" aria-label={S.completions} hidden={offer.value === null}>
        {offer.value?.words.map((word, i) => (
          <li key={word} id={`offer-${i}`} role="option" aria-selected={i === offer.value!.chosen}
            onMouseDown={(event) => { event.preventDefault(); take(word); }}>{word}</li>
        ))}
      </ul>
      {filterProblem.value !== null && <p id="filter-problem" class="filter-problem" role="alert">{filterProblem.value.message}</p>}
    </div>
  );
}
