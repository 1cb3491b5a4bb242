import { type CommandInput, EXIT } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { describeFailures } from './present/failures.ts';
import { describeNext } from './present/next-step.ts';
import { runJson } from './present/run-json.ts';
import { runTable } from './present/tables.ts';
import { describeRetried } from './present/tries.ts';
import { findRun, openRunStore } from './run-store.ts';

export async function status({ args, options, host }: CommandInput<MirrorOptions>): Promise<number> {
  const { state, runId } = await findRun(args[0], { options, host });
  if (options.format === 'json') {
    host.out(`${JSON.stringify(runJson(state), undefined, 2)}\n`);
    return EXIT.fine;
  }
  host.out(`run ${runId}: ${state.state}, ${state.pipeline} on ${state.engine}\n${runTable(state)}`);
  for (const line of [...describeRetried(state), ...describeNext(state, options)]) host.out(`${line}\n`);
  const store = await openRunStore(options, host);
  for (const text of await describeFailures(state, store, options)) host.out(`\n${text}`);
  return EXIT.fine;
}
