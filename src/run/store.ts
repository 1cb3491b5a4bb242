import type { LogLine } from '../engine/engine.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { Result } from '../util/result.ts';

/** One run's records while it is under way. An event is kept before the action that it allows. */
export interface RunRecorder {
  append(event: RunEvent): Promise<void>;
  appendLog(task: string, attempt: number, lines: readonly LogLine[]): Promise<void>;
  /** The lines of an attempt's log that are kept. */
  keptLines(task: string, attempt: number): Promise<readonly LogLine[]>;
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

/** A version of a text. `ageMs`: since it was written, by the clock of where it is kept. */
export interface TextVersion {
  readonly text: string;
  readonly version: string;
  readonly ageMs: number;
}

/** A small text of which only one version is the newest, whoever writes. */
export interface VersionedText {
  /** Undefined where there is none. */
  read(): Promise<Result<TextVersion | undefined, ServiceTrouble>>;
  /** Writes over that version, or the first one where it is undefined. The new version; undefined where another was quicker. */
  write(text: string, over: string | undefined): Promise<Result<string | undefined, ServiceTrouble>>;
}

/** Where runs are kept. */
export interface RunStore {
  create(runId: string, plan: Plan, launch: LaunchRecord): Promise<RunRecorder>;
  /** Keeps a run as another machine has left it. */
  adopt(runId: string, run: StoredRun): Promise<void>;
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
