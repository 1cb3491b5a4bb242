import type { StepEvent } from './step-event.ts';

/** Why an attempt ended badly. `blame` says who can mend it: the user's code or settings, the platform, or who asked. */
export type Failure =
  | {
      readonly reason: 'node-raised';
      readonly blame: 'user';
      readonly node: string;
      readonly exception: string;
      readonly detail: string;
    }
  | { readonly reason: 'step-failed'; readonly blame: 'user'; readonly exception: string; readonly detail: string }
  | { readonly reason: 'exit-nonzero'; readonly blame: 'user'; readonly exitCode: number; readonly detail: string }
  | { readonly reason: 'not-started'; readonly blame: 'user' | 'platform'; readonly detail: string }
  | {
      readonly reason: 'killed';
      readonly blame: 'user' | 'platform';
      readonly exitCode: number;
      readonly detail: string;
    }
  | { readonly reason: 'lost'; readonly blame: 'platform'; readonly detail: string }
  | { readonly reason: 'cancelled'; readonly blame: 'request'; readonly detail: string }
  /** Nobody can know any more how it ended: whoever asked for the run must say whether the task may run again. */
  | { readonly reason: 'unknown'; readonly blame: 'request'; readonly detail: string };

/** What decides the price of a task besides its size. */
export interface Prices {
  readonly region: string;
  readonly architecture: 'X86_64' | 'ARM64';
}

/** Instants in milliseconds since the epoch, where the engine knows them. */
export interface AttemptTimes {
  readonly createdAt?: number | undefined;
  /** When the platform begins to charge: on Fargate, the start of the image pull. */
  readonly billedFrom?: number | undefined;
  readonly startedAt?: number | undefined;
  readonly stoppedAt?: number | undefined;
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly exitCode: number | undefined;
  /** Undefined when it ended well. */
  readonly failure: Failure | undefined;
  readonly times: AttemptTimes;
}

/** A fact appended to a run's log; the run's state is a fold over these. `at` is ISO 8601. */
export type RunEvent = { readonly at: string } & (
  | {
      readonly event: 'run-started';
      readonly runId: string;
      readonly planHash: string;
      readonly pipeline: string;
      readonly engine: string;
      readonly saveVersion: string;
      /** Absent where tasks cost nothing. */
      readonly prices?: Prices | undefined;
    }
  | { readonly event: 'attempt-starting'; readonly task: string; readonly attempt: number }
  | { readonly event: 'attempt-started'; readonly task: string; readonly attempt: number; readonly handle: string }
  | {
      readonly event: 'attempt-running';
      readonly task: string;
      readonly attempt: number;
      readonly startedAt: number | undefined;
    }
  | { readonly event: 'step'; readonly task: string; readonly attempt: number; readonly step: StepEvent }
  | ({ readonly event: 'attempt-stopped'; readonly task: string; readonly attempt: number } & AttemptEnd)
  | { readonly event: 'task-skipped'; readonly task: string; readonly because: string }
  | { readonly event: 'cancel-requested' }
  /** Another process drives the run from here on. `again`: the tasks that had ended badly or were skipped, and that wait again. */
  | { readonly event: 'run-resumed'; readonly again: readonly string[] }
  | { readonly event: 'run-stopped'; readonly state: RunEndState }
);

export type RunEndState = 'succeeded' | 'failed' | 'cancelled';
/** `interrupted`: it has not ended, and no process drives it. */
export type RunStateName = 'running' | 'interrupted' | RunEndState;
export type AttemptState = 'starting' | 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';
export type TaskState = 'waiting' | AttemptState | 'skipped';
export type NodeState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped';

export interface AttemptRecord extends AttemptTimes {
  readonly attempt: number;
  readonly state: AttemptState;
  /** When it was asked for, milliseconds since the epoch. */
  readonly askedAt: number;
  /** The engine's own name for it; undefined until the engine gave one. */
  readonly handle: string | undefined;
  readonly exitCode: number | undefined;
  readonly failure: Failure | undefined;
  /** How many of its step's events are recorded. */
  readonly steps: number;
}

export interface NodeRecord {
  readonly name: string;
  readonly state: NodeState;
  readonly seconds: number | undefined;
}

export interface TaskRecord {
  readonly name: string;
  readonly state: TaskState;
  readonly attempts: readonly AttemptRecord[];
  readonly nodes: readonly NodeRecord[];
  /** The failed task because of which this one was skipped. */
  readonly skippedBecause: string | undefined;
}

/** What is known of a run: its plan and its events, folded. */
export interface RunState {
  readonly runId: string;
  readonly planHash: string;
  readonly pipeline: string;
  readonly engine: string;
  readonly state: RunStateName;
  readonly startedAt: string | undefined;
  readonly stoppedAt: string | undefined;
  readonly cancelRequested: boolean;
  readonly prices: Prices | undefined;
  readonly tasks: readonly TaskRecord[];
}
