import type { RunEvent } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { Result } from '../util/result.ts';

/** Puts a part whole. Parts count from 0. */
type Put = (part: number, text: string) => Promise<Result<void, ServiceTrouble>>;

/** Objects cannot grow: a part is put again with each batch of events, and is left when it is this long. */
const PART_LENGTH = 128 * 1024;

/** How long events are collected before they are put, and how long after a put that failed they are put again. */
const BATCH_MS = 1000;
const AGAIN_MS = 5000;

/** The events of one owner of a run, put in batches: it lags, and never holds anything up. */
export class EventMirror {
  /** Why the last batch could not be put; undefined when all is well. */
  trouble: ServiceTrouble | undefined;
  readonly #put: Put;
  #part = 0;
  #text = '';
  /** What is not put yet, or not in its newest form. */
  readonly #waiting = new Map<number, string>();
  #timer: NodeJS.Timeout | undefined;
  #putting: Promise<void> | undefined;

  constructor(put: Put) {
    this.#put = put;
  }

  /** The first part is one put, and with it the owner's file is complete up to now. */
  begin(events: readonly RunEvent[]): Promise<Result<void, ServiceTrouble>> {
    this.#part = 1;
    return this.#put(0, events.map(line).join(''));
  }

  append(event: RunEvent): void {
    if (this.#text.length > PART_LENGTH) {
      this.#part++;
      this.#text = '';
    }
    this.#text += line(event);
    this.#waiting.set(this.#part, this.#text);
    this.#flushIn(BATCH_MS);
  }

  /** Puts what is waiting, or leaves its trouble. */
  async flush(): Promise<void> {
    await this.#putting;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#putting = this.#putAll().finally(() => {
      this.#putting = undefined;
    });
    await this.#putting;
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.flush(), ms).unref();
  }

  /** One after the other, so that an older text never replaces a newer one. */
  async #putAll(): Promise<void> {
    for (const [part, text] of [...this.#waiting].sort(([a], [b]) => a - b)) {
      const put = await this.#put(part, text);
      this.trouble = put.ok ? undefined : put.error;
      if (!put.ok) return this.#flushIn(AGAIN_MS);
      if (this.#waiting.get(part) === text) this.#waiting.delete(part);
    }
  }
}

function line(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}
