import type { LogLine } from '../engine/engine.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';

/** One run's records while it is under way. An event is kept before the action that it allows. */
export interface RunRecorder {
  append(event: RunEvent): Promise<void>;
  appendLog(task: string, attempt: number, lines: readonly LogLine[]): Promise<void>;
  /** How many lines of an attempt's log are kept. */
  keptLines(task: string, attempt: number): Promise<number>;
}

/** Lines of one attempt. `end` is where the next page starts. */
export interface StoredLog {
  readonly lines: readonly LogLine[];
  readonly end: number;
}

export interface StoredRun {
  readonly plan: Plan;
  /** Undefined for a run of a version that did not record it. */
  readonly launch: LaunchRecord | undefined;
  readonly events: readonly RunEvent[];
}

/** A small text of which only one version is the newest, whoever writes. */
export interface VersionedText {
  /** Undefined where there is none. `ageMs`: since it was written, by the clock of where it is kept. */
  read(): Promise<{ readonly text: string; readonly version: string; readonly ageMs: number } | undefined>;
  /** Writes over that version, or the first one where it is undefined. The new version; undefined where another was quicker. */
  write(text: string, over: string | undefined): Promise<string | undefined>;
}

/** Where runs are kept. */
export interface RunStore {
  create(runId: string, plan: Plan, launch: LaunchRecord): Promise<RunRecorder>;
  /** Goes on with the records of a run whose last process is gone, which may have been cut off in a line. */
  reopen(runId: string): Promise<RunRecorder>;
  /** Ids, newest first. */
  list(): Promise<string[]>;
  read(runId: string): Promise<StoredRun | undefined>;
  /** The kept log of one attempt, from where an earlier page ended; empty where there is none. */
  readLog(runId: string, task: string, attempt: number, from?: number): Promise<StoredLog>;
  /** Where it is written who drives a run. */
  lockOf(runId: string): VersionedText;
}
