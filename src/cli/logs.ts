import { type CommandInput, EXIT, UsageError } from './command.ts';
import { findRun, openRunStore } from './run-store.ts';

/** One task's lines as they are; several tasks' by time, each with its task in front. */
export async function logs({ args, options, host }: CommandInput): Promise<number> {
  const store = await openRunStore(options, host);
  const [asked, taskName] = args;
  const { state, runId } = await findRun(store, asked);
  const tasks = state.tasks.filter(({ name }) => taskName === undefined || name === taskName);
  if (tasks.length === 0)
    throw new UsageError(
      `run ${runId} has no task '${taskName}'. Tasks: ${state.tasks.map(({ name }) => name).join(', ')}`,
    );
  const pages = await Promise.all(
    tasks.flatMap(({ name, attempts }) =>
      attempts.map(async ({ attempt }) =>
        (await store.readLog(runId, name, attempt)).map((line) => ({ ...line, task: name })),
      ),
    ),
  );
  const lines = pages.flat().sort((a, b) => a.at - b.at);
  for (const { task, text } of lines) host.out(taskName === undefined ? `${task} | ${text}\n` : `${text}\n`);
  return EXIT.fine;
}
