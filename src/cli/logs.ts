import type { LogLine } from '../engine/engine.ts';
import type { AttemptRecord, RunState } from '../model/run.ts';
import { type CommandInput, EXIT, UsageError } from './command.ts';
import type { MirrorOptions } from './mirror.ts';
import { type FoundRun, findRun, openRunStore } from './run-store.ts';

interface LogsOptions extends MirrorOptions {
  readonly follow?: boolean;
}

/** How often a run that is under way is looked at again, here and at its mirror. */
const PAUSE_MS = 500;
const MIRROR_PAUSE_MS = 3000;

/** One task's lines as they are; several tasks' by time, each with its task in front. */
export async function logs(input: CommandInput<LogsOptions>): Promise<number> {
  const { args, options, host } = input;
  const [asked, taskName] = args;
  if (asked !== undefined && taskName === undefined) await refuseTaskForRun(asked, input);
  const first = await findRun(asked, input);
  const { runId } = first;
  if (taskName !== undefined && !first.state.tasks.some(({ name }) => name === taskName)) {
    const names = first.state.tasks.map(({ name }) => name).join(', ');
    throw new UsageError(`run ${runId} has no task '${taskName}'. Tasks: ${names}`);
  }
  const source = await sourceFor(first, input);
  if (typeof source === 'number') return source;
  try {
    for (let run = first; ; run = await findRun(runId, input)) {
      for (const { task, text } of await newLines(run.state, taskName, source.read))
        host.out(taskName === undefined ? `${task} | ${text}\n` : `${text}\n`);
      if (options.follow && run.state.state === 'interrupted')
        host.err(`no process drives this run: these are the lines so far. wherry resume ${runId} reads on\n`);
      if (!options.follow || run.state.state !== 'running') return EXIT.fine;
      if (host.interrupted.aborted) return EXIT.interrupted;
      await host.sleep(run.isFromMirror ? MIRROR_PAUSE_MS : PAUSE_MS);
    }
  } finally {
    await source.close();
  }
}

/** Whoever names a task alone means that of the newest run. */
async function refuseTaskForRun(asked: string, { options, host }: CommandInput<LogsOptions>): Promise<void> {
  const store = await openRunStore(options, host);
  const ids = await store.list();
  const newest = ids[0];
  if (newest === undefined || ids.some((id) => id.startsWith(asked))) return;
  const run = await store.read(newest);
  if (run?.plan.tasks.some(({ name }) => name === asked))
    throw new UsageError(
      `there is no run '${asked}'. It is a task of the newest run: wherry logs ${newest} ${asked} shows its lines`,
    );
}

interface Wanted {
  readonly task: string;
  readonly attempt: AttemptRecord;
}

interface TaskLine extends LogLine {
  readonly task: string;
  readonly attempt: number;
}

/** Gives, at each call, the lines of these attempts that came since the last one. */
type ReadNew = (wanted: readonly Wanted[]) => Promise<readonly TaskLine[]>;

interface LogSource {
  readonly read: ReadNew;
  close(): Promise<void>;
}

async function newLines(state: RunState, taskName: string | undefined, read: ReadNew): Promise<TaskLine[]> {
  const wanted = state.tasks
    .filter(({ name }) => taskName === undefined || name === taskName)
    .flatMap(({ name, attempts }) => attempts.map((attempt) => ({ task: name, attempt })));
  return [...(await read(wanted))].sort((a, b) => a.at - b.at);
}

/** Where the lines of a run are: kept here by the process that drives it, or where its tasks write them. */
async function sourceFor(run: FoundRun, input: CommandInput<LogsOptions>): Promise<LogSource | number> {
  const isFromElsewhere = run.launch !== undefined && run.launch.host !== input.host.self.host;
  if (run.isFromMirror) return logsOfService(run, input);
  const kept = await keptLogs(run.runId, input);
  if (!isFromElsewhere) return kept;
  const service = await logsOfService(run, input);
  if (typeof service === 'number') return service;
  const has = new Set<string>();
  const read: ReadNew = async (wanted) => {
    const lines = await kept.read(wanted);
    for (const { task, attempt } of lines) has.add(`${task}/${attempt}`);
    const others = wanted.filter(({ task, attempt }) => !has.has(`${task}/${attempt.attempt}`));
    return [...lines, ...(await service.read(others))];
  };
  return { read, close: service.close };
}

/** What the process that drove the run has kept on this machine. */
async function keptLogs(runId: string, { options, host }: CommandInput<LogsOptions>): Promise<LogSource> {
  const store = await openRunStore(options, host);
  const ends = new Map<string, number>();
  const readOne = async ({ task, attempt: { attempt } }: Wanted): Promise<TaskLine[]> => {
    const key = `${task}/${attempt}`;
    const page = await store.readLog(runId, task, attempt, ends.get(key));
    ends.set(key, page.end);
    return page.lines.map((line) => ({ ...line, task, attempt }));
  };
  return { read: async (wanted) => (await Promise.all(wanted.map(readOne))).flat(), close: async () => {} };
}

/** The logs of a run that another machine drives, or has driven, where the tasks write them. */
async function logsOfService(run: FoundRun, input: CommandInput<LogsOptions>): Promise<LogSource | number> {
  const { openRecorded } = await import('./open-recorded.ts');
  const opened = await openRecorded(run, input);
  if (typeof opened === 'number') return opened;
  const { session, close } = opened;
  const attached = new Set<string>();
  return {
    read: async (wanted) => {
      const byHandle = new Map(wanted.map((one) => [one.attempt.handle ?? '', one]));
      byHandle.delete('');
      for (const [handle, { task, attempt }] of byHandle)
        if (!attached.has(handle)) {
          await session.attach({ task, takesOver: false, ...attempt }, { ...attempt, handle });
          attached.add(handle);
        }
      const pages = await session.logs([...byHandle.keys()]);
      return [...(pages.ok ? pages.value : [])].flatMap(([handle, { lines }]) => {
        const { task, attempt } = byHandle.get(handle) as Wanted;
        return lines.map((line) => ({ ...line, task, attempt: attempt.attempt }));
      });
    },
    close,
  };
}
