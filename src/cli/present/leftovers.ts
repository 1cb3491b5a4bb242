import { count } from '../../util/count.ts';
import { describeDuration } from '../../util/describe-duration.ts';
import { type LiveRun, stateOf } from '../orphans.ts';
import type { OutdatedData } from '../outdated-data.ts';
import { table } from './tables.ts';

/** What runs have left behind. Those that something is done about are in `due`. */
export interface Leftovers {
  readonly live: readonly LiveRun[];
  readonly outdated: readonly OutdatedData[];
  readonly due: ReadonlySet<LiveRun | OutdatedData>;
}

/** Names in a cell. */
const SHOWN = 3;

/** Run by run, and what will be done about it or what can be. */
export function leftoversTable({ live, outdated, due }: Leftovers, now: number): string {
  const running = live.map((found) => {
    const born = Math.min(...found.tasks.map(({ createdAt }) => createdAt ?? now));
    const verdict = due.has(found) ? 'to be stopped' : `left alone: ${whatElse(found)}`;
    const what = `${taskNames(found)} on ${found.cluster.name}`;
    return [found.runId, stateOf(found), what, describeDuration(now - born), verdict];
  });
  const spilled = outdated.map(({ runId, run: { state }, spill, objects }) => {
    const what = `${count(objects, 'object')} at ${spill.location}`;
    const since = describeDuration(now - Date.parse(state.stoppedAt ?? ''));
    return [runId, state.state, what, since, `to be removed: keep is ${spill.keep}`];
  });
  const rows = [...running, ...spilled];
  return rows.length === 0 ? 'nothing is left behind\n' : table(['run', 'state', 'what', 'since', ''], rows);
}

function whatElse(found: LiveRun): string {
  const { runId, tasks } = found;
  switch (stateOf(found)) {
    case 'running':
      return `wherry cancel ${runId} stops it`;
    case 'interrupted':
      return `wherry resume ${runId} goes on with it, wherry cancel ${runId} stops it`;
    default: {
      const by = [...new Set(tasks.map(({ startedBy }) => startedBy ?? '?'))].join(', ');
      return `there are no records of it here (started by ${by}); wherry cleanup ${runId} stops it`;
    }
  }
}

function taskNames({ tasks }: LiveRun): string {
  const names = tasks.map(({ task, family }) => task ?? family ?? '?');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}

/** The shape of `cleanup --format json`. Instants are ISO 8601. */
export function leftoversJson({ live, outdated, due }: Leftovers, gone: ReadonlySet<LiveRun | OutdatedData>) {
  return {
    version: 1,
    runs: live.map((found) => ({
      runId: found.runId,
      state: stateOf(found),
      region: found.cluster.account.region,
      cluster: found.cluster.name,
      isOrphan: due.has(found),
      isStopped: gone.has(found),
      tasks: found.tasks.map(({ runId: _, createdAt, task, family, startedBy, ...rest }) => ({
        ...rest,
        task: task ?? null,
        family: family ?? null,
        startedBy: startedBy ?? null,
        createdAt: createdAt === undefined ? null : new Date(createdAt).toISOString(),
      })),
    })),
    spilled: outdated.map((found) => ({
      runId: found.runId,
      state: found.run.state.state,
      stoppedAt: found.run.state.stoppedAt ?? null,
      ...found.spill,
      objects: found.objects,
      isRemoved: gone.has(found),
    })),
  };
}
