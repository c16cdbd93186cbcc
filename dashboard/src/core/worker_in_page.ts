// The worker travels inside the page, and starts from a blob: there may be no server to ask for it.
import InlineWorker from "./worker?worker&inline";

export const startWorker = (): Worker => new InlineWorker();
