import type { EngineSession, Handle, Observation } from '../engine/engine.ts';
import type { AttemptRecord, TaskRecord } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { ok, type Result } from '../util/result.ts';
import type { RunFold } from './fold.ts';
import type { LogFollowers } from './log-followers.ts';
import type { Record } from './record.ts';

export interface Watch {
  readonly session: EngineSession;
  readonly fold: RunFold;
  readonly record: Record;
  readonly followers: LogFollowers;
}

interface UnderWay {
  readonly task: TaskRecord;
  readonly last: AttemptRecord;
}

/** Observes all attempts under way and records what is new. True when something was. */
export async function observeAll(watch: Watch): Promise<Result<boolean, ServiceTrouble>> {
  const handles = underWay(watch.fold);
  const observed = await watch.session.observe([...handles.keys()]);
  if (!observed.ok) return observed;
  let changed = false;
  for (const [handle, observation] of observed.value) {
    const found = handles.get(handle);
    if (found !== undefined) changed = (await recordObservation(found, observation, watch)) || changed;
  }
  return ok(changed);
}

export function underWay(fold: RunFold): Map<Handle, UnderWay> {
  const handles = new Map<Handle, UnderWay>();
  for (const task of fold.tasks.values()) {
    const last = task.attempts.at(-1);
    if (last?.handle !== undefined && (task.state === 'pending' || task.state === 'running'))
      handles.set(last.handle, { task, last });
  }
  return handles;
}

/** True when something in it was new. */
export async function recordObservation(
  { task, last }: UnderWay,
  observation: Observation,
  { record, followers }: Watch,
): Promise<boolean> {
  const about = { task: task.name, attempt: last.attempt };
  const unseen = observation.events.slice(last.steps);
  for (const step of unseen) await record({ event: 'step', ...about, step });
  if (observation.state === 'running' && task.state === 'pending') {
    await record({ event: 'attempt-running', ...about, startedAt: observation.startedAt });
    return true;
  }
  if (observation.state === 'stopped') {
    await record({ event: 'attempt-stopped', ...about, ...observation.end });
    if (last.handle !== undefined) followers.ended(last.handle);
    return true;
  }
  return unseen.length > 0;
}
