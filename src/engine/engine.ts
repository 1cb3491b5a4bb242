import type { Plan } from '../model/plan.ts';
import type { AttemptEnd, Failure, Launch } from '../model/run.ts';
import type { StepEvent } from '../model/step-event.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { Result } from '../util/result.ts';

/** The engine's own name for an attempt: storable, and enough to find it again. */
export type Handle = string;

/** One try at one task. The same spec started twice is started once. */
export interface AttemptSpec {
  readonly task: string;
  /** From 1. */
  readonly attempt: number;
  /** How often it was refused so far. What was refused is asked for anew, not again: the answer to a request stays what it was. */
  readonly refusals: number;
  /** Whether all attempts before it are known to be over: then what they hold is its own. */
  readonly takesOver: boolean;
  readonly launch: Launch;
}

/** What is true of an attempt now. `events` is all that its step has reported so far, as far as the engine knows. */
export type Observation = { readonly events: readonly StepEvent[] } & (
  | { readonly state: 'pending' }
  | { readonly state: 'running'; readonly startedAt: number | undefined }
  | { readonly state: 'stopped'; readonly end: AttemptEnd }
);

export type StoppedObservation = Extract<Observation, { state: 'stopped' }>;

/** What is known of an attempt that an earlier process had begun to start. */
export interface EarlierStart {
  /** Undefined where nobody knows whether it was started. */
  readonly handle: Handle | undefined;
  /** When it was asked for, milliseconds since the epoch. */
  readonly askedAt: number;
  /** Of one that is known to be over only the rest of the log is wanted. */
  readonly isOver?: boolean;
}

/** The end of an attempt that was refused: nothing was started. */
export function refused(failure: Failure): StoppedObservation {
  return { state: 'stopped', events: [], end: { exitCode: undefined, failure, times: {} } };
}

/** Such an attempt: to be observed under its handle, or over. */
export type Attached = { readonly handle: Handle } | StoppedObservation;

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** What the step reported between the lines, where it has no other way. */
  readonly events: readonly StepEvent[];
}

export interface OpenRequest {
  readonly runId: string;
  readonly plan: Plan;
  readonly saveVersion: string;
  /** What an earlier opening of this run gave: then nothing is looked up or made anew. */
  readonly frozen?: Frozen | undefined;
}

/** What an engine needs, beside the plan, to ask for the attempts of a run again byte for byte: plain data, no secrets. */
export type Frozen = Readonly<Record<string, unknown>>;

/** What a run stands on, for the user to see before anything is started: `cluster`, `task definition`, `spill` … */
export type Particulars = Readonly<Record<string, string>>;

/** A place where tasks run now. */
export interface Engine {
  readonly id: 'local' | 'aws-fargate';
  /** Makes what the whole run needs. Safe to call again for the same run. */
  open(request: OpenRequest): Promise<Result<EngineSession, ServiceTrouble>>;
}

export interface EngineSession {
  readonly particulars: Particulars;
  /** How many attempts may be under way at once. */
  readonly capacity: number;
  /** How long after an attempt's end its log may still grow. */
  readonly logLagMs: number;
  readonly frozen: Frozen;
  start(spec: AttemptSpec): Promise<Result<Handle, Failure | ServiceTrouble>>;
  /** Takes up an attempt of an earlier process. One without a handle is found, or asked for again where that surely is the same start. */
  attach(spec: AttemptSpec, earlier: EarlierStart): Promise<Result<Attached, ServiceTrouble>>;
  /** Level-triggered: what is true now, for all of them, in as few calls as the service allows. */
  observe(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, Observation>, ServiceTrouble>>;
  /** Asks. The end shows up in `observe`. Asking twice, or too late, is not an error. */
  stop(handle: Handle, reason: string): Promise<Result<void, ServiceTrouble>>;
  /** What is new in the logs of each since the last call, from its beginning on. Those with nothing new may be missing. */
  logs(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, LogPage>, ServiceTrouble>>;
  /** Lets go of what the session holds on this machine. Attempts that are still under way stay so. */
  close(): Promise<void>;
}
