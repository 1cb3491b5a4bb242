import type { RunState } from '../model/run.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import { foldRun } from '../run/fold.ts';
import type { ObjectStore } from '../store/mirror.ts';
import { ok, type Result } from '../util/result.ts';
import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';
import { mirrorOf } from './mirror.ts';
import { takeLocks } from './run-lock.ts';
import { type FoundRun, openRunStore, readNewest } from './run-store.ts';

/** Whether a run has ended, as its records say. */
export function isOver({ state }: Pick<RunState, 'state'>): boolean {
  return state !== 'running' && state !== 'interrupted';
}

interface Over {
  /** As it is now. */
  readonly state: RunState;
  /** Undefined where the run is not mirrored. */
  readonly mirror: ObjectStore | undefined;
}

/** Does something to a run that is over, while nobody can take it up. Undefined where somebody has done so meanwhile. */
export async function whileOver<T>(
  { runId, launch }: FoundRun,
  { options, host }: { readonly options: GlobalOptions; readonly host: Host },
  act: (over: Over) => Promise<Result<T, ServiceTrouble>>,
): Promise<Result<T | undefined, ServiceTrouble>> {
  const store = await openRunStore(options, host);
  const isOwn = (await store.read(runId)) !== undefined;
  const mirror = launch && (await mirrorOf(launch, options, host));
  try {
    const locks = await takeLocks(runId, { store: isOwn ? store : undefined, mirror }, host);
    if (!locks.ok) return locks;
    if ('process' in locks.value) return ok(undefined);
    try {
      const read = await readNewest(runId, { store, mirror });
      if (!read.ok) return read;
      const { newest } = read.value;
      const state = newest && foldRun(runId, newest.plan, newest.events);
      return state !== undefined && isOver(state) ? await act({ state, mirror }) : ok(undefined);
    } finally {
      await locks.value.release();
    }
  } finally {
    mirror?.close();
  }
}
