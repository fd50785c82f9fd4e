/** Where the build put the workers of the editor, by the label Monaco asks for them with. */
declare const WORKERS: Readonly<Record<string, string>>;

/** Monaco looks here for how to start what checks and completes in the background. */
Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker: (_id: string, label: string) =>
      new Worker(new URL(WORKERS[label] ?? WORKERS.editor!, import.meta.url)),
  },
});
