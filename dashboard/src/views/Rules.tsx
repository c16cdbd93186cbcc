// The rules in order with what they did; the text or a form; what a draft would change; apply and undo.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Editor } from "../parts/Editor";
import { Icon } from "../parts/Icon";
import { RuleForm } from "../parts/RuleForm";
import { TrialResult } from "../parts/TrialResult";
import { applyDraft, checkDraft, tryDraft, undoApply } from "../policy";
import { saveRules } from "../save";
import { filterWord, toggleFilter } from "../session";
import { loadRules, undoAction } from "../sources/gateway";
import { actions, draft, draftProblem, isLive, now, rulesBefore, rulesText, trial, view, whole } from "../state";
import { S } from "../strings";
import { ago, clock, count, epoch, exact } from "../text/format";
import { ruleBlocks } from "../text/rules";

const kPause = 300; // ms without a key before the draft is checked

function RuleList({ chosen, choose }: { chosen: number; choose: (index: number) => void }) {
  const blocks = ruleBlocks(draft.value);
  const told = new Map(whole.value?.rules.map((rule) => [rule.id, rule]));
  return (
    <section class="rule-list" aria-label={S.rulesInOrder}>
      <header><h2>{S.views.rules}</h2><p class="muted">{S.rulesInOrder}</p></header>
      <ol>
        {blocks.map((block, i) => {
          const entry = told.get(block.name);
          return (
            <li key={block.begin} class={i === chosen ? "is-open" : ""}>
              <button class="rule" aria-pressed={i === chosen} onClick={() => choose(i === chosen ? -1 : i)}>
                <span class="rule-name">{block.name || `rule ${i + 1}`}</span>
                <span class={`rule-action is-${block.action}`}>{block.action}</span>
                <span class="muted rule-last">{entry?.last_hit ? (isLive.value ? ago(epoch(entry.last_hit), now.value) : clock(epoch(entry.last_hit))) : entry?.hits ? "" : S.never}</span>
              </button>
              <button class="link rule-hits" title={entry === undefined ? "" : exact(entry.hits)}
                onClick={() => { toggleFilter(filterWord("rule", block.name)); view.value = "flows"; }}>{S.hits(count(entry?.hits ?? 0))}</button>
            </li>
          );
        })}
        <li class={chosen === blocks.length ? "is-open" : ""}><button class="rule is-new" aria-pressed={chosen === blocks.length} onClick={() => choose(blocks.length)}>{S.newRule}</button></li>
      </ol>
      {isLive.value && actions.value.length > 0 && <ByHand />}
    </section>
  );
}

function ByHand() {
  return (
    <div class="by-hand">
      <h3>{S.manual}</h3>
      <ul>
        {actions.value.map((entry) => (
          <li key={entry.id}>
            <span>{entry.action} <b>{entry.app ?? entry.domain ?? entry.client ?? entry.prefix}</b></span>
            {entry.until !== null && <span class="muted"> {S.manualUntil(clock(epoch(entry.until)))}</span>}
            <button class="link" onClick={() => void undoAction(entry.id)}>{S.undo}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Problem() {
  const problem = draftProblem.value;
  if (problem === null) return null;
  return (
    <p class="is-bad rules-problem" role="alert">
      {problem.line ? <b>{S.errorAt(problem.line, problem.column ?? 1)}: </b> : null}{problem.message}
      {problem.message === S.conflict && <button class="link" onClick={() => { draftProblem.value = null; void loadRules(); }}>{S.loadTheirs}</button>}
    </p>
  );
}

function Commands() {
  const asking = useSignal(false);
  const edited = draft.value !== rulesText.value;
  const apply = async () => {
    asking.value = false;
    await applyDraft();
  };
  return (
    <div class="rules-commands">
      <p class="muted" role="status">{edited ? S.changedRules : S.unchangedRules}</p>
      <button onClick={() => saveRules(draft.value)}><Icon name="down" />{S.exportRules}</button>
      {edited && <button onClick={() => (draft.value = rulesText.value)}>{S.revert}</button>}
      {!edited && rulesBefore.value !== null && <button onClick={() => void undoApply()}>{S.undo}</button>}
      <button disabled={trial.value?.is === "running"} onClick={() => void tryDraft()}>{S.tryRules}</button>
      {asking.value ? (
        <span class="ask" role="group" aria-label={S.applyAsk}>
          {S.applyAsk}
          <button class="primary" onClick={() => void apply()}>{S.applyYes}</button>
          <button onClick={() => (asking.value = false)}>{S.cancel}</button>
        </span>
      ) : <button class="primary" disabled={!edited} onClick={() => (asking.value = true)}>{S.apply}</button>}
    </div>
  );
}

export function Rules() {
  const chosen = useSignal(-1);
  useEffect(() => {
    const timer = setTimeout(() => void checkDraft(), kPause);
    return () => clearTimeout(timer);
  }, [draft.value]);
  const blocks = ruleBlocks(draft.value);
  return (
    <div class="rules">
      <RuleList chosen={chosen.value} choose={(index) => (chosen.value = index)} />
      <section class="rules-text" aria-label={S.editor}>
        <header>
          <h2>{chosen.value < 0 ? S.editor : (blocks[chosen.value]?.name ?? S.newRule)}</h2>
          <div class="segments" role="group" aria-label={S.views.rules}>
            <button aria-pressed={chosen.value < 0} onClick={() => (chosen.value = -1)}>{S.editorView}</button>
            <button aria-pressed={chosen.value >= 0} onClick={() => (chosen.value = Math.max(0, chosen.value))}>{S.formView}</button>
          </div>
        </header>
        {chosen.value < 0 ? <Editor /> : <RuleForm key={chosen.value} block={blocks[chosen.value] ?? null} done={() => (chosen.value = -1)} />}
        <Problem />
        <Commands />
        {isLive.value && <p class="muted hint">{S.trialOfFlows}</p>}
        <TrialResult />
      </section>
    </div>
  );
}
