import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { StoredRun, VersionedText } from '../run/store.ts';
import { ok, type Result } from '../util/result.ts';
import { EventMirror } from './event-mirror.ts';

type Answer<T> = Promise<Result<T, ServiceTrouble>>;

/** Where objects are kept that other machines see, by key. */
export interface ObjectStore {
  get(key: string): Answer<string | undefined>;
  put(key: string, text: string): Answer<void>;
  /** Keys that begin so. */
  list(prefix: string): Answer<string[]>;
  remove(keys: readonly string[]): Answer<void>;
  /** What follows, up to the next slash, in keys that begin so. */
  listFolders(prefix: string): Answer<string[]>;
  versioned(key: string): VersionedText;
}

/** Whether it is one of `wherry run`'s: DAG runs have other ids, and no records. */
export function isRunId(name: string): boolean {
  return /^\d{8}T\d{6}-[0-9a-f]{6}$/.test(name);
}

/** Ids of the runs that are mirrored, newest first. */
export async function mirroredRuns(objects: ObjectStore): Answer<string[]> {
  const found = await objects.listFolders('runs/');
  return found.ok ? ok(found.value.filter(isRunId).sort().reverse()) : found;
}

export function mirroredLock(objects: ObjectStore, runId: string): VersionedText {
  return objects.versioned(`runs/${runId}/lock.json`);
}

/**
 * Begins to mirror the events of a run for the owner of its lock. Each owner has a file of its own, named by the epoch of
 * its lock, that begins with all events so far: what an owner writes that has lost the lock without knowing is not read.
 */
export async function beginMirror(
  objects: ObjectStore,
  runId: string,
  { plan, launch, events, epoch }: StoredRun & { readonly epoch: number },
): Answer<EventMirror> {
  const place = `runs/${runId}/`;
  for (const [name, content] of Object.entries({ launch, plan })) {
    const put = await objects.put(`${place}${name}.json`, JSON.stringify(content));
    if (!put.ok) return put;
  }
  const mirror = new EventMirror((part, text) =>
    objects.put(`${place}events/${number(epoch)}-${number(part)}.jsonl`, text),
  );
  const first = await mirror.begin(events);
  return first.ok ? ok(mirror) : first;
}

/** Undefined where no run of this id is mirrored. */
export async function readMirror(objects: ObjectStore, runId: string): Answer<StoredRun | undefined> {
  const place = `runs/${runId}/`;
  const [plan, launch, keys] = await Promise.all([
    objects.get(`${place}plan.json`),
    objects.get(`${place}launch.json`),
    objects.list(`${place}events/`),
  ]);
  if (!plan.ok) return plan;
  if (!launch.ok) return launch;
  if (!keys.ok) return keys;
  if (plan.value === undefined || launch.value === undefined) return ok(undefined);
  const epochs = keys.value.map((key) => key.slice(0, key.lastIndexOf('-'))).sort();
  const parts = keys.value.filter((key) => key.startsWith(`${epochs.at(-1)}-`)).sort();
  const texts = await Promise.all(parts.map((key) => objects.get(key)));
  const trouble = texts.find((text) => !text.ok);
  if (trouble !== undefined) return trouble;
  const lines = texts.flatMap((text) => (text.ok ? (text.value ?? '').split('\n') : [])).filter(Boolean);
  return ok({
    plan: JSON.parse(plan.value) as Plan,
    launch: JSON.parse(launch.value) as LaunchRecord,
    events: lines.map((line) => JSON.parse(line) as RunEvent),
  });
}

/** Names sort as numbers do. */
function number(value: number): string {
  return String(value).padStart(6, '0');
}

/** Of two records of one run the one that was written last: a mirror lags behind its owner, or another machine has gone on. */
export function newerEvents(own: readonly RunEvent[], mirrored: readonly RunEvent[]): readonly RunEvent[] {
  const isAhead = mirrored.every((event, index) => JSON.stringify(event) === JSON.stringify(own[index]));
  return isAhead ? own : mirrored;
}
