/** A write that is put off for a moment, so that many changes cost one, and made again where it fails, as on a full disk. */
export interface Deferred {
  soon(): void;
  /** False when it failed: it will be tried again. */
  now(): boolean;
}

interface Options {
  /** Throws where it fails; called again, it goes on with what it has not written. */
  readonly write: () => void;
  readonly delayMs: number;
  readonly say: (line: string) => void;
}

const AGAIN_MS = 1000;

export function deferred({ write, delayMs, say }: Options): Deferred {
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;

  function now(): boolean {
    clearTimeout(timer);
    timer = undefined;
    try {
      write();
    } catch (error) {
      if (!hasFailed) say(`the state cannot be written: ${(error as Error).message}. It is tried again`);
      hasFailed = true;
      timer = setTimeout(now, AGAIN_MS).unref();
      return false;
    }
    if (hasFailed) say('the state is written again');
    hasFailed = false;
    return true;
  }

  return {
    now,
    soon() {
      timer ??= setTimeout(now, delayMs).unref();
    },
  };
}
