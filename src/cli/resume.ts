import { describeChanges } from './begun-with.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { alreadyDriven } from './run-lock.ts';
import { findRun } from './run-store.ts';
import { setupOf, takeUpRun } from './take-up-run.ts';

interface ResumeOptions extends MirrorOptions {
  readonly rerunUnknown?: boolean;
}

/** Goes on with a run whose process is gone, or that ended badly: what is done stays done. */
export async function resume(input: CommandInput<ResumeOptions>): Promise<number> {
  const { args, options, host } = input;
  const run = await findRun(args[0], input);
  if (run.state.state === 'succeeded') {
    host.err(`run ${run.runId} has succeeded: there is nothing to resume\n`);
    return EXIT.fine;
  }
  if (run.driver !== undefined) throw new UsageError(alreadyDriven(run.runId, run.driver));
  const setup = await setupOf(run, input);
  if (typeof setup === 'number') return setup;
  for (const line of await describeChanges({ plan: run.plan, launch: setup.launch }, input))
    host.err(`note: ${line}\n`);
  const rerunUnknown = options.rerunUnknown === true;
  return takeUpRun(run, setup, { ...input, rerunUnknown, toCancel: false }).finally(setup.close);
}
