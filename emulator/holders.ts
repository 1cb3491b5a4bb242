import type { ServerResponse } from 'node:http';

/** Connections that keep the emulator alive. One is let go by closing it, which the kernel also does for who was killed. */
export class Holders {
  readonly #open = new Set<ServerResponse>();
  #whenFree: (() => void) | undefined;

  /** Answers at once and never ends, so that the caller can wait until it is held. */
  add(response: ServerResponse): void {
    this.#open.add(response);
    response.on('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#whenFree?.();
    });
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('held\n');
  }

  get size(): number {
    return this.#open.size;
  }

  /** Calls back as soon as nobody holds it: now, or later. */
  onFree(callback: () => void): void {
    this.#whenFree = callback;
    if (this.#open.size === 0) callback();
  }
}
