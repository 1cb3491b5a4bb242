import { setTimeout as sleep } from 'node:timers/promises';

/** What the awslogs driver does between a container and CloudWatch Logs. */
export interface LogDelivery {
  /** Takes a line. In blocking mode it takes no more until the promise that it may return settles. */
  write(line: string): Promise<void> | undefined;
  /** Settles when all that it has taken is delivered. */
  flush(): Promise<void>;
}

interface Delivering {
  readonly isBlocking: boolean;
  /** What the non-blocking mode holds back at most; lines above it are lost. */
  readonly bufferBytes: number;
  /** What reaches CloudWatch Logs in a second; undefined: all of it at once. */
  readonly bytesPerSecond: number | undefined;
  readonly deliver: (line: string) => void;
}

/**
 * AmazonECS/latest/developerguide/specify-log-config.html, `mode` and `max-buffer-size`: in blocking mode whoever writes
 * waits while the log cannot be delivered; in non-blocking mode it is held in a buffer, and lost where that is full.
 */
export function logDelivery({ isBlocking, bufferBytes, bytesPerSecond, deliver }: Delivering): LogDelivery {
  let held = 0;
  let last = Promise.resolve();
  /** After those before it, each line takes its time. */
  function queue(line: string, bytes: number, rate: number): Promise<void> {
    held += bytes;
    last = last.then(async () => {
      await sleep((bytes / rate) * 1000);
      held -= bytes;
      deliver(line);
    });
    return last;
  }
  return {
    write(line) {
      if (bytesPerSecond === undefined) return void deliver(line);
      const bytes = Buffer.byteLength(line);
      if (isBlocking) return queue(line, bytes, bytesPerSecond);
      if (held + bytes <= bufferBytes) void queue(line, bytes, bytesPerSecond);
      return undefined;
    },
    flush: () => last,
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** Since June 2025 (the same page); before, blocking and 1m. */
const DEFAULT_BUFFER = '10m';

/** `25m` as Docker writes sizes, in bytes. */
export function bufferBytes(size: string = DEFAULT_BUFFER): number {
  const [, amount = '', unit = ''] = /^(\d+)([bkmg]?)b?$/i.exec(size.trim()) ?? [];
  return Number(amount) * (UNITS[unit.toLowerCase()] ?? 1);
}
