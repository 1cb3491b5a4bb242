import type { Plan } from '../model/plan.ts';
import type { RunState } from '../model/run.ts';
import { isKept } from '../run/keep.ts';
import { lostData, removeData } from '../store/spilled-data.ts';
import { count } from '../util/count.ts';
import { EXIT } from './command.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { Host } from './host.ts';
import { reportTrouble } from './report-trouble.ts';

type Setup = Pick<EngineSetup, 'launch' | 'spilled'>;

/** Removes what a run has spilled that has just succeeded, unless it is to be kept. That it stays makes no run a failed one. */
export async function removeAtEnd({ launch, spilled }: Setup, state: RunState, host: Host): Promise<void> {
  const { spill } = launch;
  if (spill === undefined || spilled === undefined || state.state !== 'succeeded') return;
  if (isKept(spill.keep, state, host.now())) return;
  const removed = await removeData(spilled, state.runId);
  if (removed.ok) {
    if (removed.value > 0) host.err(`spill.keep is ${spill.keep}: ${count(removed.value, 'spilled object')} removed\n`);
    return;
  }
  const { service, operation, detail } = removed.error;
  const later = launch.emulated === undefined ? '\n  wherry cleanup removes it later' : '';
  host.err(
    `warning: what this run has spilled is still at ${spill.location}: ${service} (${operation}): ${detail}${later}\n`,
  );
}

/** The exit status, where tasks would start whose inputs are gone; undefined where the run can go on. */
export async function refuseLost(
  { launch, spilled }: Setup,
  { plan: { boundaryDatasets }, state }: { readonly plan: Plan; readonly state: RunState },
  host: Host,
): Promise<number | undefined> {
  if (spilled === undefined) return undefined;
  const lost = await lostData(spilled, { ...state, boundaryDatasets });
  if (!lost.ok) return reportTrouble(lost.error, host);
  if (lost.value.length === 0) return undefined;
  host.err(`wherry: run ${state.runId} cannot go on, as what it has spilled is gone from ${launch.spill?.location}:\n`);
  for (const { dataset, producer, consumers } of lost.value)
    host.err(
      `  '${dataset}', written by '${producer}' and needed by ${consumers.map((name) => `'${name}'`).join(', ')}\n`,
    );
  host.err('  what to do: start a new run with wherry run. How long spilled data is kept, spill.keep says\n');
  return EXIT.problems;
}
