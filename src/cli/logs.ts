import type { RunState } from '../model/run.ts';
import type { RunStore } from '../run/store.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import { findRun, openRunStore } from './run-store.ts';

interface LogsOptions {
  readonly follow?: boolean;
}

/** How often a run that is under way is looked at again. */
const PAUSE_MS = 500;

/** One task's lines as they are; several tasks' by time, each with its task in front. */
export async function logs({ args, options, host }: CommandInput<LogsOptions>): Promise<number> {
  const store = await openRunStore(options, host);
  const [asked, taskName] = args;
  const { runId, state: first } = await findRun(asked, { store, host });
  if (taskName !== undefined && !first.tasks.some(({ name }) => name === taskName)) {
    const names = first.tasks.map(({ name }) => name).join(', ');
    throw new UsageError(`run ${runId} has no task '${taskName}'. Tasks: ${names}`);
  }
  const readNew = newLines(store, runId, taskName);
  for (;;) {
    // The state before the lines: of a run that has ended all lines are there.
    const { state } = await findRun(runId, { store, host });
    for (const { task, text } of await readNew(state))
      host.out(taskName === undefined ? `${task} | ${text}\n` : `${text}\n`);
    if (!options.follow || state.state !== 'running') return EXIT.fine;
    if (host.interrupted.aborted) return EXIT.interrupted;
    await host.sleep(PAUSE_MS);
  }
}

/** A function that gives, at each call, the lines that came since the last one. */
function newLines(store: RunStore, runId: string, taskName: string | undefined) {
  const ends = new Map<string, number>();
  return async (state: RunState) => {
    const attempts = state.tasks
      .filter(({ name }) => taskName === undefined || name === taskName)
      .flatMap(({ name, attempts }) => attempts.map(({ attempt }) => ({ task: name, attempt })));
    const pages = await Promise.all(
      attempts.map(async ({ task, attempt }) => {
        const key = `${task}/${attempt}`;
        const page = await store.readLog(runId, task, attempt, ends.get(key));
        ends.set(key, page.end);
        return page.lines.map((line) => ({ ...line, task }));
      }),
    );
    return pages.flat().sort((a, b) => a.at - b.at);
  };
}
