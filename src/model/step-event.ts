/** What the step reports while it runs a task's nodes (bridge/PROTOCOL.md §2). */
export type StepEvent = { readonly at: string; readonly task: string; readonly attempt: number } & (
  | { readonly event: 'step-started'; readonly python: string; readonly kedro: string | null }
  | { readonly event: 'node-started'; readonly node: string }
  | { readonly event: 'node-finished'; readonly node: string; readonly seconds: number }
  | {
      readonly event: 'node-failed';
      readonly node: string;
      readonly seconds: number;
      readonly exception: string;
      readonly message: string;
      readonly traceback: string;
    }
  | {
      readonly event: 'step-failed';
      readonly phase: string;
      readonly exception: string;
      readonly message: string;
      readonly traceback: string;
    }
  | { readonly event: 'task-already-done'; readonly doneAttempt: number }
  /** It waits for another container, of the attempt `holder`, that has the task. */
  | { readonly event: 'claim-held'; readonly holder: number }
  | {
      readonly event: 'step-finished';
      readonly exitCode: number;
      readonly cpuSeconds: number;
      readonly spilledBytes: number;
    }
);
