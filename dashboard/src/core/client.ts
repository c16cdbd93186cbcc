// The page's end of the line to a worker. Closing it is how work is cancelled: the worker ends, whatever it does.
import { startWorker } from "#worker";
import { loadAsset } from "../assets";
import type { Progress } from "./engine";
import type { Answer, Arguments, CallName, Reply } from "./protocol";
import type { Problem } from "./rows";

export class CoreProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}
/** What was asked of a core that was closed meanwhile. */
export class Cancelled extends Error {}

let compiled: Promise<WebAssembly.Module> | undefined;
function compiledCore(): Promise<WebAssembly.Module> {
  compiled ??= loadAsset("netscope.wasm").then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

export class CoreClient {
  private readonly waiting = new Map<number, { resolve(value: never): void; reject(reason: Error): void }>();
  private id = 0;

  private constructor(private readonly worker: Worker, progress: (progress: Progress) => void) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ("progress" in data) return progress(data.progress);
      const caller = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("problem" in data) caller?.reject(new CoreProblem(data.problem));
      else caller?.resolve(data.value as never);
    };
    worker.onerror = (event) => this.fail(new Error(event.message || "the worker did not start"));
  }

  static async start(progress: (progress: Progress) => void = () => {}): Promise<CoreClient> {
    const module = await compiledCore();
    const client = new CoreClient(startWorker(), progress);
    await client.call("load", module);
    return client;
  }

  call<N extends CallName>(name: N, ...args: Arguments<N>): Promise<Answer<N>> {
    return new Promise((resolve, reject) => {
      const id = ++this.id;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, args });
    });
  }

  close(): void {
    this.worker.terminate();
    this.fail(new Cancelled("cancelled"));
  }

  private fail(reason: Error): void {
    for (const caller of this.waiting.values()) caller.reject(reason);
    this.waiting.clear();
  }
}
