// The worker is a file beside the page.
import FileWorker from "./worker?worker";

export const startWorker = (): Worker => new FileWorker();
