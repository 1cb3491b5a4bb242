import type { ServiceTrouble } from '../model/trouble.ts';

/** How long the service may stay silent before the run gives up watching. Its tasks go on. */
const SILENCE_MS = 2 * 60_000;

/** Whether the service answers. */
export class Contact {
  readonly #now: () => number;
  readonly #onTrouble: (trouble: ServiceTrouble) => void;
  #silentSince: number | undefined;
  #trouble: ServiceTrouble | undefined;

  constructor(now: () => number, onTrouble: (trouble: ServiceTrouble) => void) {
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  answered(): void {
    this.#silentSince = undefined;
    this.#trouble = undefined;
  }

  failed(trouble: ServiceTrouble): void {
    if (this.#trouble === undefined) this.#onTrouble(trouble);
    this.#trouble = trouble;
    this.#silentSince ??= this.#now();
  }

  /** The trouble that has lasted too long; undefined while there is hope. */
  get lost(): ServiceTrouble | undefined {
    const isOver = this.#silentSince !== undefined && this.#now() - this.#silentSince > SILENCE_MS;
    return isOver ? this.#trouble : undefined;
  }
}
