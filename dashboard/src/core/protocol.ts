// What goes between the page and its worker.
import type { Engine } from "./engine";
import type { Problem } from "./rows";

type Methods = { [K in keyof Engine]: Engine[K] extends (...args: never[]) => unknown ? K : never }[keyof Engine];
export type CallName = Methods;
export type Arguments<N extends CallName> = Parameters<Engine[N]>;
export type Answer<N extends CallName> = Awaited<ReturnType<Engine[N]>>;

export interface Call { id: number; name: CallName; args: unknown[] }
export type Reply = { id: number; value: unknown } | { id: number; problem: Problem };
