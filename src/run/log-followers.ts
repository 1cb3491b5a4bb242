import type { EngineSession, Handle, LogLine } from '../engine/engine.ts';
import type { RunRecorder } from './store.ts';

interface Surroundings {
  readonly session: EngineSession;
  readonly recorder: RunRecorder;
  readonly sleep: (ms: number) => Promise<void>;
  readonly report: (progress: { kind: 'log'; task: string; lines: readonly LogLine[] }) => void;
}

interface Followed {
  readonly task: string;
  readonly attempt: number;
  readonly handle: Handle;
  /** How many lines from its start are kept already, of an attempt that another process had followed. */
  readonly kept?: number | undefined;
}

const PAUSE_MS = 700;

/** Reads the logs of attempts beside the scheduler, so that slow logs never hold it up. */
export class LogFollowers {
  readonly #around: Surroundings;
  readonly #ended = new Set<Handle>();
  readonly #following: Promise<void>[] = [];
  #isAbandoned = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  follow(followed: Followed): void {
    this.#following.push(this.#read(followed));
  }

  /** The attempt is over: its log is read to its end and then left. */
  ended(handle: Handle): void {
    this.#ended.add(handle);
  }

  /** Reads no further: nobody knows when the attempts will end. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Resolves when every log was read to its end. Call it when every attempt has ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#following);
  }

  /** After the end, quiet means two empty readings as far apart as the service's lag. */
  async #read({ task, attempt, handle, kept = 0 }: Followed): Promise<void> {
    const { session, recorder, sleep, report } = this.#around;
    let cursor: string | undefined;
    let left = kept;
    for (let quiet = 0; quiet < 2 && !this.#isAbandoned; ) {
      const wasEnded = this.#ended.has(handle);
      const page = await session.logs(handle, cursor);
      const came = page.ok ? page.value.lines : [];
      if (page.ok) cursor = page.value.cursor;
      const lines = came.slice(left);
      left -= came.length - lines.length;
      if (lines.length > 0) {
        await recorder.appendLog(task, attempt, lines);
        report({ kind: 'log', task, lines });
      }
      quiet = wasEnded && came.length === 0 ? quiet + 1 : 0;
      if (came.length === 0) await sleep(wasEnded ? session.logLagMs / 2 : PAUSE_MS);
    }
  }
}
