import { count } from '../util/count.ts';
import { askYesOrNo } from './ask.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { findLiveRuns, isOrphan, type LiveRun, stopOrphan } from './orphans.ts';
import { findOutdated, type OutdatedData, removeOutdated } from './outdated-data.ts';
import { leftoversJson, leftoversTable } from './present/leftovers.ts';
import { reportTrouble } from './report-trouble.ts';
import { findRun } from './run-store.ts';
import { runsInReach } from './runs-in-reach.ts';

interface CleanupOptions extends MirrorOptions {
  readonly yes?: boolean;
}

type Input = CommandInput<CleanupOptions>;
type Leftover = LiveRun | OutdatedData;

/** Shows what still runs of runs that are over, and the data that they are to keep no longer, and does away with it once that is wanted. */
export async function cleanup(input: Input): Promise<number> {
  const { args, options, host } = input;
  const own = await runsInReach(input);
  if (typeof own === 'number') return own;
  const found = { live: await findLiveRuns(own, input), outdated: await findOutdated(own, input) };
  const asked = await askedFor(args[0], [...found.live, ...found.outdated], input);
  const isAskedFor = ({ runId }: Leftover) => asked === undefined || runId === asked;
  const live = found.live.filter(isAskedFor);
  const outdated = found.outdated.filter(isAskedFor);
  const orphans = live.filter((run) => isOrphan(run, asked));
  const leftovers = { live, outdated, due: new Set<Leftover>([...orphans, ...outdated]) };
  const isJson = options.format === 'json';
  if (!isJson) host.out(leftoversTable(leftovers, host.now()));
  const decision = leftovers.due.size === 0 ? EXIT.fine : await decide([...leftovers.due], input);
  const cleared = new Map<Leftover, 'gone' | number>();
  // One after the other: what runs may still use the data, and both need the run's lock.
  for (const kind of decision === 'wanted' ? [orphans, outdated] : [])
    await Promise.all(kind.map(async (leftover) => cleared.set(leftover, await clear(leftover, input))));
  const gone = new Set([...cleared.keys()].filter((leftover) => cleared.get(leftover) === 'gone'));
  if (isJson) host.out(`${JSON.stringify(leftoversJson(leftovers, gone), undefined, 2)}\n`);
  const statuses = [decision, ...cleared.values()].filter((status) => typeof status === 'number');
  return statuses.find((status) => status !== EXIT.fine) ?? EXIT.fine;
}

/** The id of the run that is asked for; undefined where none is. */
async function askedFor(
  prefix: string | undefined,
  leftovers: readonly Leftover[],
  input: Input,
): Promise<string | undefined> {
  if (prefix === undefined) return undefined;
  const ids = [...new Set(leftovers.map(({ runId }) => runId))].filter((runId) => runId.startsWith(prefix));
  if (ids.length > 1) throw new UsageError(`'${prefix}' could be ${ids.length} runs: ${ids.slice(0, 3).join(', ')} …`);
  return ids[0] ?? (await findRun(prefix, input)).runId;
}

/** By the flag, or by the user's word. Else the exit status: there is something to clean up, and it was left as it is. */
async function decide(due: readonly Leftover[], { options, host }: Input): Promise<'wanted' | number> {
  if (options.yes) return 'wanted';
  const tasks = due.reduce((sum, leftover) => sum + ('tasks' in leftover ? leftover.tasks.length : 0), 0);
  const objects = due.reduce((sum, leftover) => sum + ('objects' in leftover ? leftover.objects : 0), 0);
  const what = [
    ...(tasks === 0 ? [] : [`stop ${count(tasks, 'task')}`]),
    ...(objects === 0 ? [] : [`remove ${count(objects, 'spilled object')}`]),
  ].join(' and ');
  if (host.terminal === undefined) {
    host.err(`nothing was changed, as nobody can be asked here: with --yes it would ${what}\n`);
    return EXIT.problems;
  }
  const answer = await askYesOrNo({ message: `Shall it ${what}? yes or no`, default: 'no' }, host);
  if (answer) return 'wanted';
  host.err('nothing was changed\n');
  return answer === undefined ? EXIT.interrupted : EXIT.problems;
}

/** Says how it went: it is gone, or the exit status for its being there still. */
async function clear(leftover: Leftover, input: Input): Promise<'gone' | number> {
  const { options, host } = input;
  const { runId } = leftover;
  const cleared = 'tasks' in leftover ? await stopOrphan(leftover, input) : await removeOutdated(leftover, input);
  if (!cleared.ok) return reportTrouble(cleared.error, host);
  if (cleared.value === undefined) {
    host.err(`run ${runId} was taken up meanwhile: it is left alone\n`);
    return EXIT.fine;
  }
  if (!cleared.value.isGone) {
    host.err(`run ${runId}: not all of its tasks have stopped yet\n`);
    return EXIT.interrupted;
  }
  const say = options.format === 'json' ? host.err : host.out;
  const what = 'tasks' in leftover ? `${count(leftover.tasks.length, 'task')} stopped` : 'its spilled data is removed';
  say(`run ${runId}: ${what}\n`);
  return 'gone';
}
