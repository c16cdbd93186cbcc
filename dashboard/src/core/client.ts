// The page's end of the line to a worker. Closing it is how work is cancelled: the worker ends, whatever it does.
import { startWorker } from "#worker";
import { loadAsset } from "../assets";
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

let prepared: Promise<CoreClient> | undefined;

export class CoreClient {
  private readonly waiting = new Map<number, { resolve(value: never): void; reject(reason: Error): void }>();
  private id = 0;

  private constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const caller = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("problem" in data) caller?.reject(new CoreProblem(data.problem));
      else caller?.resolve(data.value as never);
    };
    worker.onerror = (event) => this.fail(new Error(event.message || "the worker did not start"));
  }

  /** A core that waits for its work: the one that was prepared, or a new one. */
  static async start(): Promise<CoreClient> {
    const client = prepared ?? this.make();
    prepared = undefined;
    return client;
  }
  /** Makes one ready that nobody needs yet: the page would be felt to hesitate for it later. */
  static prepare(): void {
    prepared ??= this.make().then((client) => client.exercise());
    prepared.catch(() => (prepared = undefined)); // whoever starts one is told why it cannot be
  }

  private static async make(): Promise<CoreClient> {
    const module = await compiledCore();
    const client = new CoreClient(startWorker());
    await client.call("load", module);
    return client;
  }

  /** Reads the sample. Browsers compile what runs, when it first runs: so that is done before a large capture waits. */
  private async exercise(): Promise<CoreClient> {
    const { buffer } = await loadAsset("sample.pcap");
    await this.call("openCaptures", "", []);
    await this.call("feed", buffer);
    await this.call("endCapture");
    await this.call("finish");
    return this;
  }

  /** Buffers among the arguments change hands. */
  call<N extends CallName>(name: N, ...args: Arguments<N>): Promise<Answer<N>> {
    return new Promise((resolve, reject) => {
      const id = ++this.id;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, args }, args.filter((argument: unknown) => argument instanceof ArrayBuffer));
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
