/** Time as the emulator uses it. `scale` shortens what Fargate takes for its own work; it does not touch the clock. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits for this many of Fargate's seconds, or until the signal says that there is no point any more. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
}

/** ECS writes instants as seconds since the epoch, with milliseconds behind the point. */
export const epochSeconds = (clock: Clock): number => clock.now() / 1000;

export function systemClock(scale: number): Clock {
  return {
    now: () => Date.now(),
    pause: (seconds, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const timer = setTimeout(done, seconds * scale * 1000);
        signal.addEventListener('abort', done, { once: true });
        function done() {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
      }),
  };
}
