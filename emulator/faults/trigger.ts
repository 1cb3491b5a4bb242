import { sha256 } from '../canonical.ts';

/** Which of those that match a fault are hit. */
export interface Chance {
  readonly percent?: number | undefined;
  readonly nth?: readonly number[] | undefined;
  readonly times?: number | undefined;
}

/** Counts what matches a fault and says which of it is hit: with one seed always the same ones. */
export class Trigger {
  readonly #chance: Chance;
  readonly #seed: string;
  matched = 0;
  hits = 0;

  constructor(chance: Chance, seed: string) {
    this.#chance = chance;
    this.#seed = seed;
  }

  fires(): boolean {
    const { percent = 100, nth, times = Number.POSITIVE_INFINITY } = this.#chance;
    this.matched += 1;
    const isHit = (nth?.includes(this.matched) ?? true) && this.#draw() < percent && this.hits < times;
    if (isHit) this.hits += 1;
    return isHit;
  }

  /** From 0 to below 100. */
  #draw(): number {
    return (Number.parseInt(sha256(`${this.#seed}/${this.matched}`).slice(0, 8), 16) / 2 ** 32) * 100;
  }
}
