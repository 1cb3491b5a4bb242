import type { EngineSession, Handle, LogLine, LogPage } from '../engine/engine.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { Record } from './record.ts';
import type { RunRecorder } from './store.ts';

export interface LogSurroundings {
  readonly session: EngineSession;
  readonly recorder: RunRecorder;
  readonly record: Record;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly report: (
    progress: { kind: 'log'; task: string; lines: readonly LogLine[] } | { kind: 'trouble'; trouble: ServiceTrouble },
  ) => void;
}

interface Followed {
  readonly task: string;
  readonly attempt: number;
  /** How many lines, and events of its step, are kept already, of an attempt that another process had followed. */
  readonly kept?: { readonly lines: number; readonly events: number } | undefined;
}

interface Following extends Followed {
  left: { lines: number; events: number };
  /** When it ended, or had the last news after that. */
  quietSince: number | undefined;
}

const PAUSE_MS = 700;
const SHORTEST_PAUSE_MS = 50;

/** Reads the logs of all attempts beside the scheduler, so that slow logs never hold it up. */
export class LogFollowers {
  readonly #around: LogSurroundings;
  readonly #following = new Map<Handle, Following>();
  #reading: Promise<void> | undefined;
  #isDraining = false;
  #isAbandoned = false;
  #hasTrouble = false;

  constructor(around: LogSurroundings) {
    this.#around = around;
  }

  follow(handle: Handle, followed: Followed): void {
    const left = followed.kept ?? { lines: 0, events: 0 };
    this.#following.set(handle, { ...followed, left: { ...left }, quietSince: undefined });
    this.#reading ??= this.#read();
  }

  /** The attempt is over: its log is read to its end and then left. */
  ended(handle: Handle): void {
    const following = this.#following.get(handle);
    if (following !== undefined) following.quietSince ??= this.#around.now();
  }

  /** Reads no further: nobody knows when the attempts will end. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  /** Resolves when every log was read to its end. Call it when every attempt has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { session, now, sleep, report } = this.#around;
    while (this.#following.size > 0 && !this.#isAbandoned) {
      const readAt = now();
      const pages = await session.logs([...this.#following.keys()]);
      if (!pages.ok && !this.#hasTrouble) report({ kind: 'trouble', trouble: pages.error });
      this.#hasTrouble = !pages.ok;
      for (const [handle, following] of this.#following) {
        const page = pages.ok ? pages.value.get(handle) : undefined;
        const hasNews = page !== undefined && (await this.#keep(following, page));
        if (following.quietSince === undefined) continue;
        if (hasNews) following.quietSince = now();
        else if (readAt - following.quietSince >= session.logLagMs) this.#following.delete(handle);
      }
      await sleep(this.#isDraining ? Math.max(session.logLagMs / 4, SHORTEST_PAUSE_MS) : PAUSE_MS);
    }
    this.#reading = undefined;
  }

  /** True when there was something in it. */
  async #keep({ task, attempt, left }: Following, page: LogPage): Promise<boolean> {
    const { recorder, record, report } = this.#around;
    const lines = page.lines.slice(left.lines);
    const events = page.events.slice(left.events);
    left.lines -= page.lines.length - lines.length;
    left.events -= page.events.length - events.length;
    for (const step of events) await record({ event: 'step', task, attempt, step });
    if (lines.length > 0) {
      await recorder.appendLog(task, attempt, lines);
      report({ kind: 'log', task, lines });
    }
    return page.lines.length + page.events.length > 0;
  }
}
