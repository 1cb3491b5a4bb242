import { join } from 'node:path';
import type { RunEvent, RunState } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { foldRun } from '../run/fold.ts';
import type { RunStore, StoredRun, VersionedText } from '../run/store.ts';
import { fileRunStore } from '../store/file-run-store.ts';
import { mirroredLock, mirroredRuns, newerEvents, type ObjectStore, readMirror } from '../store/mirror.ts';
import { type Driver, whoDrives } from '../store/run-lock.ts';
import { ok, type Result } from '../util/result.ts';
import { type GlobalOptions, OutOfReach, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { type MirrorOptions, mirrorOf, mirrorOfOthers } from './mirror.ts';
import { projectFolder } from './project-folder.ts';

/** The runs of the project in which a command was called. */
export async function openRunStore(options: GlobalOptions, host: Host): Promise<RunStore> {
  return fileRunStore(join(await projectFolder(options, host), '.wherry', 'runs'));
}

export interface FoundRun extends StoredRun {
  readonly runId: string;
  readonly state: RunState;
  /** The process that drives it. */
  readonly driver: Driver | undefined;
  /** Another machine has written what is known of it. */
  readonly isFromMirror: boolean;
}

interface Surroundings {
  readonly options: MirrorOptions;
  readonly host: Host;
}

/** The run that `asked` is a unique prefix of; without it the newest of this machine. One that is not known here is looked for in the mirror. */
export async function findRun(asked: string | undefined, around: Surroundings): Promise<FoundRun> {
  const store = await openRunStore(around.options, around.host);
  const own = await store.list();
  const [runId] = matching(own, asked);
  if (runId !== undefined) return readRun(runId, store, around);
  if (asked !== undefined) return findMirrored(asked, own, around);
  throw new UsageError(
    'this project has no runs yet on this machine. Start one with wherry run; wherry runs --remote lists those of others',
  );
}

function matching(ids: readonly string[], asked: string | undefined): readonly string[] {
  const found = asked === undefined ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(asked));
  if (found.length > 1)
    throw new UsageError(`'${asked}' could be ${found.length} runs: ${found.slice(0, 3).join(', ')} …`);
  return found;
}

async function readRun(runId: string, store: RunStore, around: Surroundings): Promise<FoundRun> {
  const own = await readOwn(runId, store, around.host);
  if (own === undefined) return findMirrored(runId, [], around);
  const newest = await withMirror(own, around);
  if (newest.ok) return newest.value;
  const { service, detail } = newest.error;
  around.host.err(`wherry: whether another machine goes on with it is not known: ${service}: ${detail}\n`);
  return own;
}

async function readOwn(runId: string, store: RunStore, host: Pick<Host, 'isAlive'>): Promise<FoundRun | undefined> {
  const [record, driver] = await Promise.all([store.read(runId), driverIn(store.lockOf(runId), host)]);
  return record && withState(runId, record, { driver, isFromMirror: false });
}

/** Another machine may have taken it up. */
async function withMirror(own: FoundRun, { options, host }: Surroundings): Promise<Result<FoundRun, ServiceTrouble>> {
  const { runId, launch, driver, state } = own;
  const isKnown = driver !== undefined || state.state === 'succeeded';
  const objects = isKnown || launch === undefined ? undefined : await mirrorOf(launch, options, host);
  if (objects === undefined) return ok(own);
  const mirrored = await readMirrored(runId, objects, host);
  objects.close();
  if (!mirrored.ok) return mirrored;
  if (mirrored.value === undefined) return ok(own);
  const events = newerEvents(own.events, mirrored.value.events);
  const isFromMirror = events !== own.events;
  return ok(withState(runId, { ...own, events }, { driver: mirrored.value.driver, isFromMirror }));
}

/** A run of whatever id, as this machine or another one has recorded it: surely, or it is a trouble. Undefined where neither has. */
export async function recordedRun(
  runId: string,
  { store, others }: { readonly store: RunStore; readonly others: ObjectStore | undefined },
  around: Surroundings,
): Promise<Result<FoundRun | undefined, ServiceTrouble>> {
  const own = await readOwn(runId, store, around.host);
  if (own !== undefined) return withMirror(own, around);
  return others === undefined ? ok(undefined) : readMirrored(runId, others, around.host);
}

async function findMirrored(asked: string, own: readonly string[], around: Surroundings): Promise<FoundRun> {
  const others = await mirrorOfOthers(around.options, around.host);
  if (others === undefined) throw notFound(asked, own, '');
  const { objects, spill } = others;
  try {
    const ids = await mirroredRuns(objects);
    if (!ids.ok) throw new OutOfReach(ids.error);
    const [runId] = matching(ids.value, asked);
    const mirrored = runId === undefined ? ok(undefined) : await readMirrored(runId, objects, around.host);
    if (!mirrored.ok) throw new OutOfReach(mirrored.error);
    if (mirrored.value !== undefined) return mirrored.value;
    throw notFound(asked, [...own, ...ids.value], `, nor at ${spill}`);
  } finally {
    objects.close();
  }
}

function notFound(asked: string, ids: readonly string[], where: string): UsageError {
  const newest = ids.length === 0 ? '' : ` The newest: ${ids.slice(0, 3).join(', ')}`;
  return new UsageError(`there is no run '${asked}' here${where}.${newest}`);
}

async function readMirrored(
  runId: string,
  objects: ObjectStore,
  host: Pick<Host, 'isAlive'>,
): Promise<Result<FoundRun | undefined, ServiceTrouble>> {
  const [record, driver] = await Promise.all([
    readMirror(objects, runId),
    whoDrives(mirroredLock(objects, runId), host.isAlive),
  ]);
  if (!record.ok) return record;
  if (!driver.ok) return driver;
  return ok(record.value && withState(runId, record.value, { driver: driver.value, isFromMirror: true }));
}

interface Places {
  readonly store: RunStore;
  readonly mirror: ObjectStore | undefined;
}

/** What is known of a run by this machine and its mirror, for the owner of its locks. What is newer in the mirror is kept here as well. */
export async function takeNewest(
  runId: string,
  places: Places,
): Promise<Result<StoredRun & { readonly unseen: readonly RunEvent[] }, ServiceTrouble>> {
  const read = await readNewest(runId, places);
  if (!read.ok) return read;
  const { own, newest } = read.value;
  if (newest === undefined) throw new Error(`run ${runId} was found and is not there any more`);
  if (newest !== own) await places.store.adopt(runId, newest);
  const known = own === undefined ? newest.events : own.events;
  const difference = newest.events.findIndex((event, index) => JSON.stringify(event) !== JSON.stringify(known[index]));
  return ok({ ...newest, unseen: difference < 0 ? [] : newest.events.slice(difference) });
}

/** What this machine has, and what is newest of it and the mirror's. */
export async function readNewest(
  runId: string,
  { store, mirror }: Places,
): Promise<Result<{ own: StoredRun | undefined; newest: StoredRun | undefined }, ServiceTrouble>> {
  const own = await store.read(runId);
  const mirrored = mirror === undefined ? ok(undefined) : await readMirror(mirror, runId);
  if (!mirrored.ok) return mirrored;
  const other = mirrored.value;
  const isOwnNewer = own !== undefined && (other === undefined || newerEvents(own.events, other.events) === own.events);
  return ok({ own, newest: isOwnNewer ? own : other });
}

async function driverIn(lock: VersionedText, { isAlive }: Pick<Host, 'isAlive'>): Promise<Driver | undefined> {
  const driver = await whoDrives(lock, isAlive);
  return driver.ok ? driver.value : undefined;
}

/** A run that has not ended and that nobody drives is interrupted. */
function withState(runId: string, run: StoredRun, known: Pick<FoundRun, 'driver' | 'isFromMirror'>): FoundRun {
  const state = foldRun(runId, run.plan, run.events);
  const isInterrupted = state.state === 'running' && known.driver === undefined;
  return { ...run, ...known, runId, state: isInterrupted ? { ...state, state: 'interrupted' } : state };
}

/** All runs of this machine, newest first. */
export async function ownRuns(store: RunStore, host: Pick<Host, 'isAlive'>): Promise<FoundRun[]> {
  const found = await Promise.all((await store.list()).map((runId) => readOwn(runId, store, host)));
  return found.filter((run) => run !== undefined);
}

/** Reading one takes a few requests. */
const NEWEST = 20;

/** The newest of the runs that other machines have mirrored, and that this one does not know better. */
export async function otherRuns(
  own: readonly FoundRun[],
  { options, host }: Surroundings,
): Promise<Result<FoundRun[], ServiceTrouble>> {
  const others = await mirrorOfOthers(options, host);
  if (others === undefined)
    throw new UsageError('runs of other machines are at a spill on S3, and none is set: use --spill');
  const { objects } = others;
  try {
    const ids = await mirroredRuns(objects);
    if (!ids.ok) return ids;
    const sure = own.filter(({ state, driver }) => state.state === 'succeeded' || driver !== undefined);
    const known = new Set(sure.map(({ runId }) => runId));
    const wanted = ids.value.slice(0, NEWEST).filter((runId) => !known.has(runId));
    const found = await Promise.all(wanted.map((runId) => readMirrored(runId, objects, host)));
    const trouble = found.find((run) => !run.ok);
    if (trouble !== undefined) return trouble;
    return ok(found.flatMap((run) => (run.ok && run.value !== undefined ? [run.value] : [])));
  } finally {
    objects.close();
  }
}
