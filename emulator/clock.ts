/** Time as the emulator uses it: real time that can be put forward. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits for this many of Fargate's seconds, or until the signal says that there is no point any more. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Waits for this many seconds of the clock itself. */
  wait(seconds: number, signal: AbortSignal): Promise<void>;
  /** Work that takes real time and none of the clock's: the clock is not put forward past it. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** ECS writes instants as seconds since the epoch, with milliseconds behind the point. */
export const epochSeconds = (clock: Clock): number => clock.now() / 1000;

interface Alarm {
  readonly due: number;
  readonly ring: () => void;
  timer?: NodeJS.Timeout;
}

// The longest delay that setTimeout takes.
const LONGEST_MS = 2 ** 31 - 1;

/** `scale` shortens what Fargate takes for its own work; it does not touch the clock. */
export class EmulatorClock implements Clock {
  readonly #scale: number;
  readonly #alarms = new Set<Alarm>();
  readonly #work = new Set<Promise<unknown>>();
  #aheadMs: number;
  #lastAdvance: Promise<void> = Promise.resolve();

  constructor({ scale = 1, aheadSeconds = 0 }: { scale?: number; aheadSeconds?: number } = {}) {
    this.#scale = scale;
    this.#aheadMs = aheadSeconds * 1000;
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** How far the clock was put forward in all. */
  get aheadSeconds(): number {
    return this.#aheadMs / 1000;
  }

  pause(seconds: number, signal: AbortSignal): Promise<void> {
    return this.wait(seconds * this.#scale, signal);
  }

  wait(seconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const alarm: Alarm = {
        due: this.now() + seconds * 1000,
        ring: () => {
          clearTimeout(alarm.timer);
          this.#alarms.delete(alarm);
          signal.removeEventListener('abort', alarm.ring);
          resolve();
        },
      };
      this.#alarms.add(alarm);
      this.#set(alarm);
      signal.addEventListener('abort', alarm.ring, { once: true });
    });
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    try {
      return await work;
    } finally {
      this.#work.delete(work);
    }
  }

  /**
   * Puts the clock forward. What is due on the way happens at its own time, one after the other, each with all that
   * follows from it before the next.
   */
  advance(seconds: number): Promise<void> {
    this.#lastAdvance = this.#lastAdvance.then(() => this.#forward(seconds * 1000));
    return this.#lastAdvance;
  }

  async #forward(ms: number): Promise<void> {
    const aheadMs = this.#aheadMs + ms;
    await this.#settled();
    for (let next = this.#next(); next && next.due <= Date.now() + aheadMs; next = this.#next()) {
      this.#aheadMs = Math.max(this.#aheadMs, next.due - Date.now());
      next.ring();
      await this.#settled();
    }
    this.#aheadMs = aheadMs;
    for (const alarm of this.#alarms) this.#set(alarm);
  }

  /** Resolves when whoever was waked has gone on to its next wait, and no work is under way. */
  async #settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#work);
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#work.size > 0);
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (next === undefined || alarm.due < next.due) next = alarm;
    return next;
  }

  #set(alarm: Alarm): void {
    clearTimeout(alarm.timer);
    const left = alarm.due - this.now();
    const isLong = left > LONGEST_MS;
    alarm.timer = setTimeout(() => (isLong ? this.#set(alarm) : alarm.ring()), isLong ? LONGEST_MS : Math.max(left, 0));
  }
}
