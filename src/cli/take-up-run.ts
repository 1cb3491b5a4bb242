import type { Frozen } from '../engine/engine.ts';
import { foldRun } from '../run/fold.ts';
import { checkAccount } from './check-account.ts';
import { type CommandInput, UsageError } from './command.ts';
import { drive } from './drive.ts';
import { type EngineSetup, recordedSetup } from './engine-setup.ts';
import type { MirrorOptions } from './mirror.ts';
import { reportTrouble } from './report-trouble.ts';
import { lockRun } from './run-lock.ts';
import { type FoundRun, openRunStore, takeNewest } from './run-store.ts';
import { refuseLost } from './spilled-data.ts';

type Input = CommandInput<MirrorOptions>;

export type RecordedSetup = EngineSetup & { readonly frozen: Frozen };

/** The engine of a run by the run's own record; the exit status, where there is a trouble that was reported. */
export async function setupOf({ runId, launch }: FoundRun, input: Input): Promise<RecordedSetup | number> {
  if (launch === undefined)
    throw new UsageError(
      `how to go on with run ${runId} is not recorded: its launch.json is gone, or it is of a version of Wherry that wrote none. Start a new one`,
    );
  const setup = await recordedSetup(launch, input);
  if (typeof setup === 'number') return setup;
  const refused = await checkAccountOf(setup, input);
  if (refused === undefined) return { ...setup, frozen: launch.frozen };
  await setup.close();
  return refused;
}

/** A run goes on in the account where it was begun. The exit status, where these credentials are of another. */
async function checkAccountOf({ account, launch }: EngineSetup, { host }: Input): Promise<number | undefined> {
  if (account === undefined || launch.emulated !== undefined) return undefined;
  const allowed = { ids: launch.accountId === undefined ? [] : [launch.accountId], by: 'the run was begun in' };
  const checked = await checkAccount({ account, allowed, where: 'as it was begun' }, host);
  return typeof checked === 'number' ? checked : undefined;
}

/** Drives a run on that no process drives, to its end, or only until all that is under way has stopped. The exit status of the run. */
export async function takeUpRun(
  { runId }: FoundRun,
  setup: RecordedSetup,
  input: Input & { readonly rerunUnknown: boolean; readonly toCancel: boolean },
): Promise<number> {
  const { options, host, rerunUnknown, toCancel } = input;
  const store = await openRunStore(options, host);
  const places = { store, mirror: setup.mirror };
  const locks = await lockRun(runId, places, host);
  if (!locks.ok) return reportTrouble(locks.error, host);
  // Only now: whoever had the locks before may have written until it let go.
  const newest = await takeNewest(runId, places);
  if (!newest.ok) {
    await locks.value.release();
    return reportTrouble(newest.error, host);
  }
  const { plan, events, unseen } = newest.value;
  const state = foldRun(runId, plan, events);
  const refused = toCancel ? undefined : await refuseLost(setup, { plan, state }, host);
  if (refused !== undefined) {
    await locks.value.release();
    return refused;
  }
  const resumed = { past: events, unseen, frozen: setup.frozen, locks: locks.value, rerunUnknown, toCancel };
  return drive({ runId, plan, setup, resumed }, input);
}
