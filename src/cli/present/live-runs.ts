import { describeDuration } from '../../util/describe-duration.ts';
import { type Ended, type LiveRun, stateOf } from '../orphans.ts';
import { table } from './tables.ts';

interface Verdict {
  /** Those that are to be stopped. */
  readonly orphans: readonly LiveRun[];
}

/** Names in a cell. */
const SHOWN = 3;

/** Run by run, and what will be done about it or what can be. */
export function liveRunsTable(live: readonly LiveRun[], { orphans, now }: Verdict & { readonly now: number }): string {
  if (live.length === 0) return 'nothing of Wherry runs there\n';
  const rows = live.map((found) => {
    const { runId, tasks, cluster } = found;
    const born = Math.min(...tasks.map(({ createdAt }) => createdAt ?? now));
    const verdict = orphans.includes(found) ? 'to be stopped' : `left alone: ${whatElse(found)}`;
    return [runId, stateOf(found), cluster.name, taskNames(found), describeDuration(now - born), verdict];
  });
  return table(['run', 'state', 'cluster', 'tasks', 'since', ''], rows);
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
export function liveRunsJson(
  live: readonly LiveRun[],
  { orphans, ended }: Verdict & { readonly ended: readonly Ended[] },
) {
  const gone = ended.flatMap(({ found, stopped }) => (stopped.ok && stopped.value?.left === 0 ? found : []));
  return {
    version: 1,
    runs: live.map((found) => ({
      runId: found.runId,
      state: stateOf(found),
      region: found.cluster.account.region,
      cluster: found.cluster.name,
      isOrphan: orphans.includes(found),
      isStopped: gone.includes(found),
      tasks: found.tasks.map(({ runId: _, createdAt, task, family, startedBy, ...rest }) => ({
        ...rest,
        task: task ?? null,
        family: family ?? null,
        startedBy: startedBy ?? null,
        createdAt: createdAt === undefined ? null : new Date(createdAt).toISOString(),
      })),
    })),
  };
}
