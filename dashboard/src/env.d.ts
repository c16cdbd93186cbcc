declare module "#worker" {
  export const startWorker: () => Worker;
}
