// Block, allow, try, apply, undo: on a gateway at once, for a capture in the draft of its rules.
import { batch } from "@preact/signals";
import { Cancelled, CoreClient } from "./core/client";
import { readCaptures } from "./core/reading";
import { currentCore, openCaptures, problemOf, tell } from "./session";
import * as gateway from "./sources/gateway";
import { ApiError, api, type Target } from "./sources/api";
import * as state from "./state";
import { S } from "./strings";
import { freeName, putRuleFirst, writeRule } from "./text/rules";

let trialCore: CoreClient | null = null;

/** Live: at once. For a capture: a rule before all others in the draft, to be tried and applied. */
export async function act(action: "block" | "allow", target: Target, seconds: number | null = null): Promise<void> {
  if (state.isLive.value) return gateway.act(action, target, seconds);
  const [dimension, value] = Object.entries(target)[0] as [keyof Target, string];
  const before = state.draft.value;
  const name = freeName(before, `${action} ${value}`);
  const field = { app: "app", domain: "domain", client: "src", prefix: "ip" }[dimension];
  const rule = { name, action: action === "block" ? "drop" : "accept", fields: { [field]: [value] } };
  state.draft.value = putRuleFirst(before, writeRule(rule));
  tell({ text: S.ruleAdded(name), undo: () => (state.draft.value = before) });
}

export async function undoLast(): Promise<void> {
  const last = state.notice.value;
  if (last?.undo !== undefined) {
    state.notice.value = null;
    last.undo();
  } else if (state.isLive.value) {
    await gateway.undoAction();
  }
}

/** Says where the draft is wrong. */
export async function checkDraft(): Promise<boolean> {
  const text = state.draft.value;
  try {
    if (state.isLive.value) await api.checkRules(text);
    else await currentCore()?.call("check", text);
    state.draftProblem.value = null;
    return true;
  } catch (reason) {
    if (reason instanceof Cancelled) return false;
    state.draftProblem.value = reason instanceof ApiError ? reason.problem : problemOf(reason);
    return false;
  }
}

/** What the draft would change: of a gateway's flows by what is known of them, of a capture by running it again. */
export async function tryDraft(): Promise<void> {
  if (!state.isLive.value) return tryOnCapture();
  const text = state.draft.value;
  if (!(await checkDraft())) return;
  try {
    const result = await currentCore()?.call("tryDraft", text);
    if (result !== undefined) state.trial.value = { is: "done", of: text, result };
  } catch (reason) {
    if (!(reason instanceof Cancelled)) state.draftProblem.value = problemOf(reason);
  }
}

/** Runs the capture through the draft in a core of its own, and compares. */
async function tryOnCapture(): Promise<void> {
  const { value: source } = state.source, core = currentCore();
  if (source.kind !== "capture" || core === null || !(await checkDraft())) return;
  const text = state.draft.value;
  stopTrial();
  state.trial.value = { is: "running", part: 0 };
  try {
    trialCore = await CoreClient.start();
    await readCaptures(trialCore, text, source.files, ({ bytes, total }) => (state.trial.value = { is: "running", part: bytes / Math.max(1, total) }));
    const result = await core.call("compare", await trialCore.call("verdicts"));
    state.trial.value = { is: "done", of: text, result };
  } catch (reason) {
    state.trial.value = null;
    if (!(reason instanceof Cancelled)) state.draftProblem.value = problemOf(reason);
  } finally {
    trialCore?.close();
    trialCore = null;
  }
}

export function stopTrial(): void {
  trialCore?.close();
  trialCore = null;
  state.trial.value = null;
}

export async function applyDraft(): Promise<void> {
  if (!(await checkDraft())) return;
  const before = state.rulesText.value;
  if (!(await applyRules(state.draft.value))) return;
  state.rulesBefore.value = before;
  tell({ text: S.applied, undo: () => void undoApply() });
}

export async function undoApply(): Promise<void> {
  const before = state.rulesBefore.value;
  if (before === null || !(await applyRules(before))) return;
  batch(() => {
    state.rulesBefore.value = null;
    state.draft.value = before;
  });
  tell({ text: S.undone });
}

async function applyRules(text: string): Promise<boolean> {
  const { value: source } = state.source;
  try {
    if (source.kind === "gateway") await gateway.applyOnGateway(text);
    else if (source.kind === "capture") await openCaptures(source.files, text);
    else state.rulesText.value = text;
    return true;
  } catch (reason) {
    if (reason instanceof ApiError && reason.status === 412) state.draftProblem.value = { message: S.conflict };
    else state.draftProblem.value = reason instanceof ApiError ? reason.problem : problemOf(reason);
    tell({ text: state.draftProblem.value.message, bad: true }); // stays, while the draft is checked again
    return false;
  }
}
