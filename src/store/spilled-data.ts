import type { Plan } from '../model/plan.ts';
import type { TaskRecord } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { ok, type Result } from '../util/result.ts';
import type { ObjectStore } from './mirror.ts';

type Answer<T> = Promise<Result<T, ServiceTrouble>>;

/** A spill location. */
export type SpillObjects = Pick<ObjectStore, 'get' | 'list' | 'remove'>;

/** How many objects of data each run has there that has any. */
export async function runsWithData(objects: SpillObjects): Answer<ReadonlyMap<string, number>> {
  const keys = await objects.list('runs/');
  if (!keys.ok) return keys;
  const counts = new Map<string, number>();
  for (const key of keys.value) {
    const runId = /^runs\/([^/]+)\/data\//.exec(key)?.[1];
    if (runId !== undefined) counts.set(runId, (counts.get(runId) ?? 0) + 1);
  }
  return ok(counts);
}

/** Removes what the tasks of a run have handed to each other, and nothing else: its records stay. How many objects. */
export async function removeData(objects: SpillObjects, runId: string): Answer<number> {
  const prefix = dataPrefix(runId);
  const listed = await objects.list(prefix);
  if (!listed.ok) return listed;
  const keys = listed.value.filter((key) => key.startsWith(prefix));
  const removed = keys.length === 0 ? ok(undefined) : await objects.remove(keys);
  return removed.ok ? ok(keys.length) : removed;
}

/** What a task that is done has handed on, that another one still needs, and that is not there any more. */
export interface LostData {
  readonly dataset: string;
  readonly producer: string;
  readonly consumers: readonly string[];
}

const STARTS_LATER = new Set(['waiting', 'retrying', 'failed', 'cancelled', 'skipped', 'unknown']);

interface TakenUp {
  readonly runId: string;
  readonly boundaryDatasets: Plan['boundaryDatasets'];
  readonly tasks: readonly Pick<TaskRecord, 'name' | 'state'>[];
}

export async function lostData(objects: SpillObjects, { runId, boundaryDatasets, tasks }: TakenUp): Answer<LostData[]> {
  const prefix = dataPrefix(runId);
  const stateOf = new Map(tasks.map(({ name, state }) => [name, state]));
  const needed = boundaryDatasets
    .filter(({ storage, producer }) => storage === 'spill' && stateOf.get(producer) === 'succeeded')
    .map(({ name, producer, consumers }) => ({
      dataset: name,
      producer,
      consumers: consumers.filter((task) => STARTS_LATER.has(stateOf.get(task) ?? '')),
    }))
    .filter(({ consumers }) => consumers.length > 0);
  if (needed.length === 0) return ok([]);
  const keys = await objects.list(prefix);
  if (!keys.ok) return keys;
  const there = new Set(keys.value);
  const lost: LostData[] = [];
  for (const data of needed) {
    const key = `${prefix}${percentEncoded(data.dataset)}`;
    if (there.has(key) || there.has(`${key}.pkl`)) continue;
    const marker = await objects.get(`runs/${runId}/tasks/${data.producer}/done.json`);
    if (!marker.ok) return marker;
    // What a hook of the project's has put into the catalog was never spilled.
    const { outputs } = JSON.parse(marker.value ?? '{"outputs":[]}') as { outputs: { dataset: string }[] };
    if (outputs.some(({ dataset }) => dataset === data.dataset)) lost.push(data);
  }
  return ok(lost);
}

/** Where a run has data and nothing else (bridge/PROTOCOL.md, section 2). */
function dataPrefix(runId: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(runId)) throw new Error(`'${runId}' is no id of a run`);
  return `runs/${runId}/data/`;
}

/** As the step does it: Python's `quote(name, safe='')`. */
function percentEncoded(name: string): string {
  const encoded = encodeURIComponent(name);
  return encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
