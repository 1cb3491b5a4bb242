/**
 * The wall's clock, in whole milliseconds, for one process: where that is set back this one goes on at the pace of the
 * monotonic one, which alone would miss the time that the machine sleeps.
 */
export function steadyClock(wall: () => number, monotonic: () => number): () => number {
  let shown = wall();
  let last = monotonic();
  return () => {
    const now = monotonic();
    shown = Math.max(shown + now - last, wall());
    last = now;
    return Math.round(shown);
  };
}
