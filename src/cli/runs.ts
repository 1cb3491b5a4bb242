import { ok } from '../util/result.ts';
import { type CommandInput, EXIT } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { runsTable } from './present/tables.ts';
import { reportTrouble } from './report-trouble.ts';
import { type FoundRun, openRunStore, otherRuns, ownRuns } from './run-store.ts';

interface RunsOptions extends MirrorOptions {
  readonly remote?: boolean;
}

export async function runs(input: CommandInput<RunsOptions>): Promise<number> {
  const { options, host } = input;
  const own = await ownRuns(await openRunStore(options, host), host);
  const others = options.remote === true || options.spill !== undefined ? await otherRuns(own, input) : ok([]);
  if (!others.ok) return reportTrouble(others.error, host);
  const byId = new Map([...own, ...others.value].map((run) => [run.runId, run]));
  const newestFirst = [...byId.keys()].sort().reverse();
  const rows = newestFirst.flatMap((runId) => byId.get(runId) ?? []).map(row);
  if (options.format === 'json') host.out(`${JSON.stringify({ version: 1, runs: rows }, undefined, 2)}\n`);
  else host.out(rows.length === 0 ? 'no runs yet\n' : runsTable(rows));
  return EXIT.fine;
}

function row({ plan, state: found }: FoundRun) {
  const { runId, state, pipeline, engine, planHash, startedAt, stoppedAt, tasks } = found;
  return {
    runId,
    state,
    project: plan.project,
    pipeline,
    engine,
    planHash,
    startedAt: startedAt ?? null,
    stoppedAt: stoppedAt ?? null,
    tasks: tasks.length,
    succeeded: tasks.filter((task) => task.state === 'succeeded').length,
  };
}
