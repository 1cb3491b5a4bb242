import type { EngineSession, Handle, Observation } from '../engine/engine.ts';
import type { AttemptEnd, AttemptRecord } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { describeDuration } from '../util/describe-duration.ts';
import { ok, type Result } from '../util/result.ts';
import type { RunFold } from './fold.ts';
import type { LogFollowers } from './log-followers.ts';
import type { Record } from './record.ts';

export interface Watch {
  readonly session: EngineSession;
  readonly fold: RunFold;
  /** How long an attempt at a task may take. */
  readonly timeoutOf: (task: string) => number;
  readonly record: Record;
  readonly followers: LogFollowers;
}

/** Observes all attempts under way and records what is new. */
export async function observeAll(watch: Watch): Promise<Result<void, ServiceTrouble>> {
  const tasks = underWay(watch.fold);
  const observed = await watch.session.observe([...tasks.keys()]);
  if (!observed.ok) return observed;
  for (const [handle, observation] of observed.value) {
    const task = tasks.get(handle);
    if (task !== undefined) await recordObservation(task, observation, watch);
  }
  return ok(undefined);
}

/** The tasks whose attempt can be observed, by its handle. */
export function underWay({ live, tasks }: RunFold): Map<Handle, string> {
  return new Map(
    [...live].flatMap((task): [Handle, string][] => {
      const handle = tasks.get(task)?.attempts.at(-1)?.handle;
      return handle === undefined ? [] : [[handle, task]];
    }),
  );
}

/** Records what is new in it. */
export async function recordObservation(
  task: string,
  observation: Observation,
  { fold, timeoutOf, record, followers }: Watch,
): Promise<void> {
  const last = fold.tasks.get(task)?.attempts.at(-1);
  if (last === undefined) return;
  const about = { task, attempt: last.attempt };
  for (const step of observation.events.slice(last.steps)) await record({ event: 'step', ...about, step });
  if (observation.state === 'running' && last.state === 'pending')
    await record({ event: 'attempt-running', ...about, startedAt: observation.startedAt });
  if (observation.state !== 'stopped') return;
  await record({ event: 'attempt-stopped', ...about, ...endOf(last, observation.end, timeoutOf(task)) });
  if (last.handle !== undefined) followers.ended(last.handle);
}

/** The engine knows that it was stopped; why, the run does. */
function endOf({ stopping }: AttemptRecord, end: AttemptEnd, timeoutMs: number): AttemptEnd {
  if (end.failure?.reason !== 'cancelled' || stopping !== 'timed-out') return end;
  const detail = `it took longer than ${describeDuration(timeoutMs)}`;
  const remedy = "raise 'timeout', or give it more vCPUs";
  return { ...end, failure: { reason: 'timed-out', blame: 'user', detail, remedy } };
}
