// A rule without TOML: its name, what it does, and what it is about. What is more than that stays text.
import { useSignal } from "@preact/signals";
import { draft } from "../state";
import { S } from "../strings";
import { freeName, kFormFields, putRule, removeRule, writeRule, type RuleBlock } from "../text/rules";

const kActions = ["drop", "reject", "accept", "log"] as const;

const listed = (written: string) => written.split(",").map((part) => part.trim()).filter((part) => part !== "");

export function RuleForm({ block, done }: { block: RuleBlock | null; done: () => void }) {
  const rule = useSignal({ name: block?.name ?? "", action: block?.action ?? "drop", fields: block?.fields ?? {} });
  if (block !== null && !block.simple) {
    return <p class="form-note">{S.formNotSimple} <button class="link" onClick={done}>{S.editorView}</button></p>;
  }
  const set = (field: string, written: string) => (rule.value = { ...rule.value, fields: { ...rule.value.fields, [field]: listed(written) } });
  const save = (event: Event) => {
    event.preventDefault();
    const about = kFormFields.flatMap((field) => rule.value.fields[field] ?? [])[0] ?? "rule";
    const name = rule.value.name || freeName(draft.value, `${rule.value.action} ${about}`);
    draft.value = putRule(draft.value, block, writeRule({ ...rule.value, name }));
    done();
  };
  return (
    <form class="rule-form" onSubmit={save}>
      <label>{S.ruleName}<input type="text" value={rule.value.name} onInput={(event) => (rule.value = { ...rule.value, name: event.currentTarget.value })} /></label>
      <label>{S.ruleAction}
        <select value={rule.value.action} onChange={(event) => (rule.value = { ...rule.value, action: event.currentTarget.value })}>
          {kActions.map((action) => <option key={action}>{action}</option>)}
        </select>
      </label>
      {kFormFields.map((field) => (
        <label key={field}>{S.ruleFields[field]}
          <input type="text" defaultValue={(block?.fields[field] ?? []).join(", ")} placeholder={S.ruleFieldHint} spellcheck={false}
            onInput={(event) => set(field, event.currentTarget.value)} />
        </label>
      ))}
      <div class="row-of-buttons">
        <button class="primary" type="submit">{S.saveRule}</button>
        {block !== null && <button type="button" onClick={() => { draft.value = removeRule(draft.value, block); done(); }}>{S.removeRule}</button>}
        <button type="button" onClick={done}>{S.cancel}</button>
      </div>
    </form>
  );
}
