import { askYesOrNo } from './ask.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { type Ended, findLiveRuns, isOrphan, type LiveRun, stopOrphan } from './orphans.ts';
import { liveRunsJson, liveRunsTable } from './present/live-runs.ts';
import { reportTrouble } from './report-trouble.ts';
import { findRun } from './run-store.ts';

interface CleanupOptions extends MirrorOptions {
  readonly yes?: boolean;
}

type Input = CommandInput<CleanupOptions>;

/** Shows what still runs of runs that are over, and stops it once that is wanted. */
export async function cleanup(input: Input): Promise<number> {
  const { args, options, host } = input;
  const all = await findLiveRuns(input);
  if (typeof all === 'number') return all;
  const asked = await askedFor(args[0], all, input);
  const live = all.filter(({ runId }) => asked === undefined || runId === asked);
  const orphans = live.filter((found) => isOrphan(found, asked));
  const isJson = options.format === 'json';
  if (!isJson) host.out(liveRunsTable(live, { orphans, now: host.now() }));
  const decision = orphans.length === 0 ? EXIT.fine : await decide(orphans, input);
  const ended = decision === 'stop' ? await Promise.all(orphans.map((found) => stopOrphan(found, input))) : [];
  if (isJson) host.out(`${JSON.stringify(liveRunsJson(live, { orphans, ended }), undefined, 2)}\n`);
  return decision === 'stop' ? tell(ended, input) : decision;
}

/** The id of the run that is asked for; undefined where none is. */
async function askedFor(
  prefix: string | undefined,
  live: readonly LiveRun[],
  input: Input,
): Promise<string | undefined> {
  if (prefix === undefined) return undefined;
  const ids = [...new Set(live.map(({ runId }) => runId))].filter((runId) => runId.startsWith(prefix));
  if (ids.length > 1) throw new UsageError(`'${prefix}' could be ${ids.length} runs: ${ids.slice(0, 3).join(', ')} …`);
  return ids[0] ?? (await findRun(prefix, input)).runId;
}

/** By the flag, or by the user's word. Else the exit status: there is something to clean up, and it was left as it is. */
async function decide(orphans: readonly LiveRun[], { options, host }: Input): Promise<'stop' | number> {
  if (options.yes) return 'stop';
  const tasks = orphans.flatMap((found) => found.tasks).length;
  if (host.terminal === undefined) {
    host.err(`nothing was changed, as nobody can be asked here: wherry cleanup --yes stops these ${tasks} tasks\n`);
    return EXIT.problems;
  }
  const answer = await askYesOrNo({ message: `Stop ${tasks} tasks? yes or no`, default: 'no' }, host);
  if (answer) return 'stop';
  host.err('nothing was changed\n');
  return answer === undefined ? EXIT.interrupted : EXIT.problems;
}

/** How it went, run by run. The exit status. */
function tell(ended: readonly Ended[], { options, host }: Input): number {
  const say = options.format === 'json' ? host.err : host.out;
  let status: number = EXIT.fine;
  for (const { found, stopped } of ended) {
    if (!stopped.ok) status = reportTrouble(stopped.error, host);
    else if (stopped.value === undefined) host.err(`run ${found.runId} was taken up meanwhile: it is left alone\n`);
    else if (stopped.value.left > 0) {
      host.err(`run ${found.runId}: ${stopped.value.left} tasks have not stopped yet\n`);
      status = EXIT.interrupted;
    } else say(`run ${found.runId}: ${found.tasks.length} tasks have stopped\n`);
  }
  return status;
}
