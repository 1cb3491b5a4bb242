import type { LaunchRecord } from '../model/launch-record.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { isKept } from '../run/keep.ts';
import { isRunId, type ObjectStore } from '../store/mirror.ts';
import { spillFolder } from '../store/spill-folder.ts';
import { removeData, runsWithData, type SpillObjects } from '../store/spilled-data.ts';
import { batches } from '../util/batches.ts';
import { ok, type Result } from '../util/result.ts';
import { type CommandInput, OutOfReach } from './command.ts';
import { type MirrorOptions, mirrorOf, mirrorOfOthers } from './mirror.ts';
import { type FoundRun, openRunStore, recordedRun } from './run-store.ts';
import { settingsWithoutProject } from './settings-without-project.ts';
import { whileOver } from './while-over.ts';

type Input = CommandInput<MirrorOptions>;

/** What a run that is over has spilled, and is not to be kept any longer. */
export interface OutdatedData {
  readonly runId: string;
  readonly run: FoundRun;
  readonly spill: { readonly location: string; readonly keep: string };
  readonly objects: number;
}

/** Undefined where it is to be kept after all. */
export function removeOutdated(
  { run, spill }: OutdatedData,
  input: Input,
): Promise<Result<{ readonly isGone: true } | undefined, ServiceTrouble>> {
  return whileOver(run, input, async ({ state, mirror }) => {
    const objects = isOnThisMachine(spill.location) ? spillFolder(spill.location) : mirror;
    if (objects === undefined || isKept(spill.keep, state, input.host.now())) return ok(undefined);
    const removed = await removeData(objects, run.runId);
    return removed.ok ? ok({ isGone: true }) : removed;
  });
}

/** At the spill locations of the runs of this machine, `own`, and at that of the settings, where others keep theirs. */
export async function findOutdated(own: readonly FoundRun[], input: Input): Promise<OutdatedData[]> {
  const places = await placesToSearch(own, input);
  const found = await Promise.all(places.map((place) => outdatedAt(place, own, input)));
  for (const { mirror } of places) mirror?.close();
  return found.flat();
}

interface Place {
  readonly location: string;
  readonly objects: SpillObjects;
  /** Where other machines have put their records; undefined on this machine. */
  readonly mirror: (ObjectStore & { close(): void }) | undefined;
}

async function placesToSearch(own: readonly FoundRun[], { options, host }: Input): Promise<Place[]> {
  const places = new Map<string, Place>();
  const { spill } = await settingsWithoutProject(options, host);
  const others =
    options.spill !== undefined || (spill !== undefined && spill.keep !== 'always')
      ? await mirrorOfOthers(options, host)
      : undefined;
  if (others !== undefined) {
    const { spill: location, objects } = others;
    places.set(plain(location), { location, objects, mirror: objects });
  }
  for (const { launch } of own) {
    const { location = '' } = launch?.spill ?? {};
    if (launch === undefined || keepOf(launch) === 'always' || places.has(plain(location))) continue;
    const mirror = await mirrorOf(launch, options, host);
    const objects = isOnThisMachine(location) ? spillFolder(location) : mirror;
    if (objects !== undefined) places.set(plain(location), { location, objects, mirror });
  }
  return [...places.values()];
}

/** Reading the records of one takes a few requests. */
const AT_ONCE = 20;

async function outdatedAt(
  { location, objects, mirror }: Place,
  own: readonly FoundRun[],
  input: Input,
): Promise<OutdatedData[]> {
  const store = await openRunStore(input.options, input.host);
  const counts = await runsWithData(objects);
  if (!counts.ok) throw new OutOfReach(counts.error);
  const forEver = new Set(own.filter(({ launch }) => keepOf(launch) === 'always').map(({ runId }) => runId));
  const ids = [...counts.value.keys()].filter((runId) => isRunId(runId) && !forEver.has(runId));
  const outdated: OutdatedData[] = [];
  for (const batch of batches(ids, AT_ONCE)) {
    const read = await Promise.all(batch.map((runId) => recordedRun(runId, { store, others: mirror }, input)));
    for (const run of read) {
      if (!run.ok) throw new OutOfReach(run.error);
      const { runId = '', launch: { spill } = {} } = run.value ?? {};
      if (run.value === undefined || spill === undefined || plain(spill.location) !== plain(location)) continue;
      if (run.value.driver !== undefined || isKept(spill.keep, run.value.state, input.host.now())) continue;
      outdated.push({ runId, run: run.value, spill, objects: counts.value.get(runId) ?? 0 });
    }
  }
  return outdated;
}

/** A version that did not record it promised nothing. */
function keepOf(launch: LaunchRecord | undefined): string {
  return launch?.spill?.keep ?? 'always';
}

function isOnThisMachine(location: string): boolean {
  return location.startsWith('file://');
}

function plain(location: string): string {
  return location.replace(/\/+$/, '');
}
