import type { ServiceTrouble } from '../model/trouble.ts';

/** How long the service may stay silent before the run gives up watching. Its tasks go on. */
const SILENCE_MS = 10 * 60_000;

/** The most that counts of the time between two calls: this machine may have been asleep, or a call have hung. */
const LONGEST_GAP_MS = 60_000;

/** Whether the service answers. */
export class Contact {
  readonly #now: () => number;
  readonly #onTrouble: (trouble: ServiceTrouble) => void;
  #silentMs = 0;
  #failedAt: number | undefined;
  #trouble: ServiceTrouble | undefined;

  constructor(now: () => number, onTrouble: (trouble: ServiceTrouble) => void) {
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  answered(): void {
    this.#hear();
    this.#trouble = undefined;
  }

  failed(trouble: ServiceTrouble): void {
    if (this.#trouble === undefined) this.#onTrouble(trouble);
    this.#trouble = trouble;
    // Who says 'not so fast' is there.
    if (trouble.kind === 'throttled') this.#hear();
    else this.#wait(this.#now());
  }

  /** The trouble that has lasted too long; undefined while there is hope. */
  get lost(): ServiceTrouble | undefined {
    return this.#silentMs >= SILENCE_MS ? this.#trouble : undefined;
  }

  #wait(now: number): void {
    this.#silentMs += Math.min(now - (this.#failedAt ?? now), LONGEST_GAP_MS);
    this.#failedAt = now;
  }

  #hear(): void {
    this.#silentMs = 0;
    this.#failedAt = undefined;
  }
}
