import { join } from 'node:path';
import type { RunState } from '../model/run.ts';
import { foldRun } from '../run/fold.ts';
import type { RunStore, StoredRun } from '../run/store.ts';
import { fileRunStore } from '../store/file-run-store.ts';
import { whoDrives } from '../store/run-lock.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { projectFolder } from './project-folder.ts';

/** The runs of the project in which a command was called. */
export async function openRunStore(options: GlobalOptions, host: Host): Promise<RunStore> {
  return fileRunStore(join(await projectFolder(options, host), '.wherry', 'runs'));
}

/** The run that `asked` is a unique prefix of; without it the newest. */
export async function findRun(
  asked: string | undefined,
  { store, host }: { readonly store: RunStore; readonly host: Host },
) {
  const ids = await store.list();
  if (ids.length === 0) throw new UsageError('this project has no runs yet. Start one with wherry run');
  const matching = asked === undefined ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(asked));
  const [runId] = matching;
  if (runId === undefined)
    throw new UsageError(`there is no run '${asked}'. The newest: ${ids.slice(0, 3).join(', ')}`);
  if (matching.length > 1)
    throw new UsageError(`'${asked}' could be ${matching.length} runs: ${matching.slice(0, 3).join(', ')} …`);
  const record = await store.read(runId);
  if (record === undefined) throw new UsageError(`the record of run ${runId} is incomplete: its plan is missing`);
  return { ...record, runId, state: await stateOf(runId, record, { store, host }) };
}

/** What its events say, and whether a process still drives it. */
export async function stateOf(
  runId: string,
  { plan, events }: StoredRun,
  { store, host }: { readonly store: RunStore; readonly host: Pick<Host, 'isAlive'> },
): Promise<RunState> {
  const state = foldRun(runId, plan, events);
  if (state.state !== 'running') return state;
  const { by } = await whoDrives(store.lockOf(runId), host.isAlive);
  return by === undefined ? { ...state, state: 'interrupted' } : state;
}
