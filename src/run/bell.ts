/** Wakes whoever waits for something to happen. A ring that nobody waits for is kept for the next one. */
export class Bell {
  #ring: () => void = () => {};
  #rung = this.#next();

  ring(): void {
    this.#ring();
  }

  /** Resolves at the next ring, or at once where one was missed. */
  async wait(pause: (early: Promise<void>) => Promise<void>): Promise<void> {
    await pause(this.#rung);
    this.#rung = this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve;
    });
  }
}
