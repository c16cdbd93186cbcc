// The worker's end of the line: calls come in with a number, and answers go out with it, one after the other.
import { Engine } from "./engine";
import type { Call, Reply } from "./protocol";

declare const self: { postMessage(message: unknown): void; onmessage: (event: MessageEvent<Call>) => void };

const engine = new Engine();
let last: Promise<void> = Promise.resolve();

async function answer({ id, name, args }: Call): Promise<void> {
  try {
    const value: unknown = await (engine[name] as (...args: unknown[]) => unknown).apply(engine, args);
    self.postMessage({ id, value } satisfies Reply);
  } catch (problem) {
    const { message, begin, end, line, column } = problem as Error & Record<string, number>;
    self.postMessage({ id, problem: { message, begin, end, line, column } } as Reply);
  }
}

self.onmessage = ({ data }: MessageEvent<Call>) => {
  last = last.then(() => answer(data));
};
