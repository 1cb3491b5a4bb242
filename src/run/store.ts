import type { LogLine } from '../engine/engine.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';

/** One run's records while it is under way. An event is kept before the action that it allows. */
export interface RunRecorder {
  append(event: RunEvent): Promise<void>;
  appendLog(task: string, attempt: number, lines: readonly LogLine[]): Promise<void>;
}

/** Lines of one attempt. `end` is where the next page starts. */
export interface StoredLog {
  readonly lines: readonly LogLine[];
  readonly end: number;
}

/** Where runs are kept. */
export interface RunStore {
  create(runId: string, plan: Plan): Promise<RunRecorder>;
  /** Ids, newest first. */
  list(): Promise<string[]>;
  read(runId: string): Promise<{ plan: Plan; events: RunEvent[] } | undefined>;
  /** The kept log of one attempt, from where an earlier page ended; empty where there is none. */
  readLog(runId: string, task: string, attempt: number, from?: number): Promise<StoredLog>;
}
