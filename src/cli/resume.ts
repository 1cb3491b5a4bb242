import type { Frozen } from '../engine/engine.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import { drive } from './drive.ts';
import { type EngineSetup, recordedSetup } from './engine-setup.ts';
import type { MirrorOptions } from './mirror.ts';
import { reportTrouble } from './report-trouble.ts';
import { alreadyDriven, lockRun } from './run-lock.ts';
import { type FoundRun, findRun, openRunStore, takeNewest } from './run-store.ts';

interface ResumeOptions extends MirrorOptions {
  readonly rerunUnknown?: boolean;
}

/** Goes on with a run whose process is gone, or that ended badly: what is done stays done. */
export async function resume(input: CommandInput<ResumeOptions>): Promise<number> {
  const { host } = input;
  const found = await findRun(input.args[0], input);
  if (found.state.state === 'succeeded') {
    host.err(`run ${found.runId} has succeeded: there is nothing to resume\n`);
    return EXIT.fine;
  }
  if (found.driver !== undefined) throw new UsageError(alreadyDriven(found.runId, found.driver));
  const { launch } = found;
  if (launch === undefined)
    throw new UsageError(
      `run ${found.runId} is of a version of Wherry that did not record how to go on: start a new one`,
    );
  const setup = await recordedSetup(launch, input);
  if (typeof setup === 'number') return setup;
  return resumeOn(found, { setup, frozen: launch.frozen }, input).finally(setup.close);
}

async function resumeOn(
  { runId }: FoundRun,
  { setup, frozen }: { readonly setup: EngineSetup; readonly frozen: Frozen },
  input: CommandInput<ResumeOptions>,
): Promise<number> {
  const { options, host } = input;
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
  const { plan, events } = newest.value;
  const resumed = { past: events, frozen, locks: locks.value, rerunUnknown: options.rerunUnknown === true };
  return drive({ runId, plan, setup, resumed }, input);
}
