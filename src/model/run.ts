import type { TaskSize } from './plan.ts';
import type { StepEvent } from './step-event.ts';
import type { ServiceTrouble } from './trouble.ts';

/**
 * Why an attempt ended badly. `blame` says who can mend it: the user's code or settings, the platform, or who asked.
 * Whether it is tried again is decided by reason and blame, in run/retry.ts.
 */
export type Failure = {
  /** What was said of it, in the words of whoever said it. */
  readonly detail: string;
  /** What to do about it, where the detail alone does not say. */
  readonly remedy?: string | undefined;
} & (
  | { readonly reason: 'node-raised'; readonly blame: 'user'; readonly node: string; readonly exception: string }
  | { readonly reason: 'step-failed'; readonly blame: 'user' | 'platform'; readonly exception: string }
  | { readonly reason: 'exit-nonzero'; readonly blame: 'user' | 'platform'; readonly exitCode: number }
  | { readonly reason: 'out-of-memory'; readonly blame: 'user'; readonly exitCode: number | undefined }
  | { readonly reason: 'timed-out'; readonly blame: 'user' }
  | { readonly reason: 'killed'; readonly blame: 'user' | 'platform'; readonly exitCode: number }
  /** A container beside it, which the task cannot be without, ended first. */
  | {
      readonly reason: 'sidecar-ended';
      readonly blame: 'user';
      readonly container: string;
      readonly exitCode: number | undefined;
    }
  | { readonly reason: 'not-started'; readonly blame: 'user' | 'platform' }
  /** What it needs before it can start (its image, secrets, a file system) could not be reached. */
  | { readonly reason: 'no-connection'; readonly blame: 'user' }
  /** The platform has no room for it. */
  | { readonly reason: 'no-capacity'; readonly blame: 'platform' }
  /** The account may run no more at once. */
  | { readonly reason: 'over-quota'; readonly blame: 'user' }
  /** The network has no address left for it. */
  | { readonly reason: 'no-address'; readonly blame: 'user' }
  /** The platform took back what it ran on: Spot, or a host that is retired. */
  | { readonly reason: 'interrupted'; readonly blame: 'platform' }
  | { readonly reason: 'lost'; readonly blame: 'platform' }
  | { readonly reason: 'cancelled'; readonly blame: 'request' }
  /** Nobody can know any more how it ended: whoever asked for the run must say whether the task may run again. */
  | { readonly reason: 'unknown'; readonly blame: 'request' }
);

/** What an attempt asks the platform for: with it the same attempt can be asked for again, to the byte. */
export interface Launch extends TaskSize {
  /** On capacity that the platform may take back. */
  readonly spot: boolean;
}

/** How often a task is tried again, by who is to blame, and how long an attempt may take. */
export interface RunPolicy {
  /** Retries after the first attempt. After `spot` of them a task goes on-demand. */
  readonly retries: {
    readonly platform: number;
    readonly spot: number;
    readonly user: number;
    readonly oom: 'fail' | 'grow';
  };
  /** For tasks of which the plan says nothing else. */
  readonly timeoutMs: number;
  /** Whether tasks begin on capacity that the platform may take back. */
  readonly spot: boolean;
}

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
  /** What else the engine knows of it and may forget: plain data, in its own words. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
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
  /** The same attempt may be asked for more than once: where no answer came, or it could not be taken yet. */
  | { readonly event: 'attempt-starting'; readonly task: string; readonly attempt: number; readonly launch: Launch }
  | { readonly event: 'attempt-started'; readonly task: string; readonly attempt: number; readonly handle: string }
  | {
      readonly event: 'attempt-running';
      readonly task: string;
      readonly attempt: number;
      readonly startedAt: number | undefined;
    }
  | { readonly event: 'step'; readonly task: string; readonly attempt: number; readonly step: StepEvent }
  | {
      readonly event: 'stop-requested';
      readonly task: string;
      readonly attempt: number;
      readonly because: StopReason;
    }
  | ({ readonly event: 'attempt-stopped'; readonly task: string; readonly attempt: number } & AttemptEnd)
  | ({ readonly event: 'retry-due'; readonly task: string } & Retry)
  | { readonly event: 'task-skipped'; readonly task: string; readonly because: string }
  | { readonly event: 'cancel-requested' }
  /** Another process drives the run from here on. `again`: the tasks that had ended badly or were skipped, and that wait again. */
  | { readonly event: 'run-resumed'; readonly again: readonly string[] }
  | { readonly event: 'run-stopped'; readonly state: RunEndState }
);

export type StopReason = 'cancelled' | 'timed-out';

/** What is to be tried next at a task, and when. */
export interface Retry {
  /** The attempt's number; that of the last one where it was never taken, or nobody knows whether it was. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly because: Failure['reason'] | ServiceTrouble['kind'];
  readonly launch: Launch;
  /** Whether it uses up one of the retries that the policy allows. */
  readonly counts: boolean;
}

export type RunEndState = 'succeeded' | 'failed' | 'cancelled';
/** `interrupted`: it has not ended, and no process drives it. */
export type RunStateName = 'running' | 'interrupted' | RunEndState;
export type AttemptState = 'starting' | 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';
export type TaskState = 'waiting' | AttemptState | 'retrying' | 'skipped';
export type NodeState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped';

export interface AttemptRecord extends AttemptTimes {
  readonly attempt: number;
  readonly state: AttemptState;
  /** The engine's own name for it; undefined until the engine gave one. */
  readonly handle: string | undefined;
  readonly launch: Launch;
  /** When it was first asked for, milliseconds since the epoch. */
  readonly askedAt: number;
  /** How often it was asked for. */
  readonly asks: number;
  /** After how many of these it was refused: nothing was started. */
  readonly refusals: number;
  /** Why it was asked to stop. */
  readonly stopping: StopReason | undefined;
  /** False for one that uses up none of the retries that the policy allows. */
  readonly counts: boolean;
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
  /** In the state `retrying`. */
  readonly retry: Retry | undefined;
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
