import { type CommandInput, EXIT } from './command.ts';
import { runsTable } from './present/tables.ts';
import { openRunStore, stateOf } from './run-store.ts';

export async function runs({ options, host }: CommandInput): Promise<number> {
  const store = await openRunStore(options, host);
  const records = await Promise.all(
    (await store.list()).map(async (runId) => ({ runId, record: await store.read(runId) })),
  );
  const found = records.flatMap(({ runId, record }) => (record === undefined ? [] : { runId, record }));
  const states = await Promise.all(found.map(({ runId, record }) => stateOf(runId, record, { store, host })));
  const rows = states.map(({ runId, state, pipeline, engine, planHash, startedAt, stoppedAt, tasks }) => ({
    runId,
    state,
    pipeline,
    engine,
    planHash,
    startedAt: startedAt ?? null,
    stoppedAt: stoppedAt ?? null,
    tasks: tasks.length,
    succeeded: tasks.filter((task) => task.state === 'succeeded').length,
  }));
  if (options.format === 'json') host.out(`${JSON.stringify({ version: 1, runs: rows }, undefined, 2)}\n`);
  else host.out(rows.length === 0 ? 'no runs yet\n' : await runsTable(rows));
  return EXIT.fine;
}
