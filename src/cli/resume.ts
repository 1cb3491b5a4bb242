import { type CommandInput, EXIT, UsageError } from './command.ts';
import { drive } from './drive.ts';
import { recordedSetup } from './engine-setup.ts';
import { lockRun } from './run-lock.ts';
import { findRun, openRunStore } from './run-store.ts';

interface ResumeOptions {
  readonly rerunUnknown?: boolean;
}

/** Goes on with a run whose process is gone, or that ended badly: what is done stays done. */
export async function resume(input: CommandInput<ResumeOptions>): Promise<number> {
  const { args, options, host } = input;
  const store = await openRunStore(options, host);
  const { runId, state } = await findRun(args[0], { store, host });
  if (state.state === 'succeeded') {
    host.err(`run ${runId} has succeeded: there is nothing to resume\n`);
    return EXIT.fine;
  }
  const lock = await lockRun(runId, store, host);
  // Only now: whoever had the lock before may have written until it let go.
  const { plan, events, launch } = await findRun(runId, { store, host });
  if (launch === undefined) {
    await lock.release();
    throw new UsageError(
      `run ${runId} was begun by a version of Wherry that did not record with what: start a new one`,
    );
  }
  const setup = await recordedSetup(launch, input);
  if (typeof setup === 'number') {
    await lock.release();
    return setup;
  }
  const resumed = { past: events, frozen: launch.frozen, lock, rerunUnknown: options.rerunUnknown === true };
  return drive({ runId, plan, setup, resumed }, input).finally(setup.close);
}
