import type { EngineSession, Handle, LogLine, LogPage } from '../engine/engine.ts';
import { isPassing, type ServiceTrouble } from '../model/trouble.ts';
import type { Record } from './record.ts';
import type { RunRecorder } from './store.ts';

export interface LogSurroundings {
  readonly session: Pick<EngineSession, 'logs' | 'logLagMs'>;
  readonly recorder: Pick<RunRecorder, 'appendLog'>;
  readonly record: Record;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told of what should not happen, after which nothing more is read. */
  readonly fail: (error: unknown) => void;
  readonly report: (
    progress: { kind: 'log'; task: string; lines: readonly LogLine[] } | { kind: 'trouble'; trouble: ServiceTrouble },
  ) => void;
}

interface Followed {
  readonly task: string;
  readonly attempt: number;
  /** The lines, and how many events of its step, that are kept already of an attempt that another process had followed. */
  readonly kept?: { readonly lines: readonly LogLine[]; readonly events: number } | undefined;
}

interface Following extends Followed {
  /** What is kept and was not read again yet: how often, by the line. */
  readonly keptLines: Map<string, number>;
  keptEvents: number;
  /** When it ended, or had the last news after that. */
  quietSince: number | undefined;
}

const PAUSE_MS = 700;
const SHORTEST_PAUSE_MS = 50;
/** Lines that are later than usual cost no time while the run has others to wait for. */
const LAGS_WHILE_OTHERS_RUN = 3;
/** After a read that failed. */
const TROUBLED_PAUSE_MS = 3000;
/** How long logs that cannot be read are waited for. */
const PATIENCE_MS = 10 * 60_000;

/** Reads the logs of all attempts beside the scheduler, so that slow logs never hold it up. */
export class LogFollowers {
  readonly #around: LogSurroundings;
  readonly #following = new Map<Handle, Following>();
  #reading: Promise<void> | undefined;
  #isDraining = false;
  #isAbandoned = false;
  #troubledSince: number | undefined;

  constructor(around: LogSurroundings) {
    this.#around = around;
  }

  follow(handle: Handle, followed: Followed): void {
    const { lines, events } = followed.kept ?? { lines: [], events: 0 };
    const keptLines = new Map<string, number>();
    for (const line of lines) keptLines.set(nameOf(line), (keptLines.get(nameOf(line)) ?? 0) + 1);
    this.#following.set(handle, { ...followed, keptLines, keptEvents: events, quietSince: undefined });
    this.#reading ??= this.#read().catch(this.#around.fail);
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
      if (!pages.ok && this.#troubledSince === undefined) report({ kind: 'trouble', trouble: pages.error });
      this.#troubledSince = pages.ok ? undefined : (this.#troubledSince ?? readAt);
      // Who could not look has not seen that there is nothing.
      const isAnswer = pages.ok || !isPassing(pages.error) || readAt - (this.#troubledSince ?? readAt) > PATIENCE_MS;
      for (const [handle, following] of this.#following) {
        const page = pages.ok ? pages.value.get(handle) : undefined;
        const hasNews = page !== undefined && (await this.#keep(following, page));
        if (following.quietSince === undefined) continue;
        if (hasNews) following.quietSince = now();
        else if (isAnswer && readAt - following.quietSince >= this.#quietEnough) this.#following.delete(handle);
      }
      await sleep(this.#pause);
    }
    this.#reading = undefined;
  }

  get #quietEnough(): number {
    return this.#around.session.logLagMs * (this.#isDraining ? 1 : LAGS_WHILE_OTHERS_RUN);
  }

  get #pause(): number {
    if (this.#troubledSince !== undefined) return TROUBLED_PAUSE_MS;
    return this.#isDraining ? Math.max(this.#around.session.logLagMs / 4, SHORTEST_PAUSE_MS) : PAUSE_MS;
  }

  /** True when there was something in it. */
  async #keep(following: Following, page: LogPage): Promise<boolean> {
    const { recorder, record, report } = this.#around;
    const { task, attempt, keptLines } = following;
    const lines = page.lines.filter((line) => !takeOut(keptLines, nameOf(line)));
    const events = page.events.slice(following.keptEvents);
    following.keptEvents -= page.events.length - events.length;
    for (const step of events) await record({ event: 'step', task, attempt, step });
    if (lines.length > 0) {
      await recorder.appendLog(task, attempt, lines);
      report({ kind: 'log', task, lines });
    }
    return page.lines.length + page.events.length > 0;
  }
}

function nameOf({ at, text }: LogLine): string {
  return `${at} ${text}`;
}

/** Whether it was there. */
function takeOut(counts: Map<string, number>, name: string): boolean {
  const count = counts.get(name);
  if (count === undefined) return false;
  if (count > 1) counts.set(name, count - 1);
  else counts.delete(name);
  return true;
}
