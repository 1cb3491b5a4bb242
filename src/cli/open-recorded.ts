import type { EngineSession } from '../engine/engine.ts';
import { type CommandInput, UsageError } from './command.ts';
import { recordedSetup } from './engine-setup.ts';
import type { MirrorOptions } from './mirror.ts';
import { reportTrouble } from './report-trouble.ts';
import type { FoundRun } from './run-store.ts';

/** Opens the engine of a run by the run's own record; the exit status, where there is a trouble that was reported. */
export async function openRecorded(
  { runId, plan, launch }: FoundRun,
  input: CommandInput<MirrorOptions>,
): Promise<{ readonly session: EngineSession; readonly close: () => Promise<void> } | number> {
  if (launch === undefined)
    throw new UsageError(`run ${runId} is of a version of Wherry that did not record how to reach its tasks`);
  const setup = await recordedSetup(launch, input);
  if (typeof setup === 'number') return setup;
  const opened = await setup.engine.open({ runId, plan, saveVersion: launch.saveVersion, frozen: launch.frozen });
  if (!opened.ok) {
    await setup.close();
    return reportTrouble(opened.error, input.host);
  }
  const session = opened.value;
  const close = async () => {
    await session.close();
    await setup.close();
  };
  return { session, close };
}
