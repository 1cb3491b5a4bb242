import type { AttemptSpec } from '../engine/engine.ts';
import type { AttemptRecord, TaskRecord } from '../model/run.ts';

/** By what is recorded, so that an attempt that is asked for again is asked for in the same words. */
export function attemptSpec({ name, attempts }: TaskRecord, record: AttemptRecord): AttemptSpec {
  const { attempt, refusals, launch } = record;
  const earlier = attempts.filter((one) => one.attempt < attempt);
  const takesOver = earlier.length > 0 && earlier.every(({ failure }) => failure?.reason !== 'unknown');
  return { task: name, attempt, refusals, takesOver, launch };
}
