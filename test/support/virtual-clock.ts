/** Time that passes only when nothing else is to be done: the pause that ends first ends, and it is then. */
export class VirtualClock {
  ms = 0;
  readonly #pauses = new Set<{ readonly until: number; readonly end: () => void }>();
  #isTicking = false;

  readonly now = (): number => this.ms;

  readonly sleep = (ms: number, early?: Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      const pause = { until: this.ms + ms, end: resolve };
      this.#pauses.add(pause);
      void early?.then(() => {
        this.#pauses.delete(pause);
        resolve();
      });
      void this.#tick();
    });

  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    while (this.#pauses.size > 0) {
      // Long enough for whatever follows from the last pause's end.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      const next = [...this.#pauses].reduce<{ until: number; end: () => void } | undefined>(
        (first, pause) => (first === undefined || pause.until < first.until ? pause : first),
        undefined,
      );
      if (next === undefined) break;
      this.#pauses.delete(next);
      this.ms = Math.max(this.ms, next.until);
      next.end();
    }
    this.#isTicking = false;
  }
}
