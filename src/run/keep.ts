import type { RunState } from '../model/run.ts';

const DAY_MS = 86_400_000;

/** Whether the data that a run has spilled is to be kept still, by what its `spill.keep` says. `now`: ms since the epoch. */
export function isKept(
  keep: string,
  { state, stoppedAt }: Pick<RunState, 'state' | 'stoppedAt'>,
  now: number,
): boolean {
  // Before its end it is what the run goes on with.
  if (stoppedAt === undefined) return true;
  if (keep === 'never') return false;
  if (keep === 'on-failure') return state !== 'succeeded';
  const days = /^(\d+)d$/.exec(keep)?.[1];
  return days === undefined || now - Date.parse(stoppedAt) < Number(days) * DAY_MS;
}
