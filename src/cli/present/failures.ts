import { describeMemory } from '../../fargate/sizes.ts';
import type { Failure, Launch, RunState, TaskRecord } from '../../model/run.ts';
import type { RunStore } from '../../run/store.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { GlobalOptions } from '../command.ts';
import { triesOf } from './tries.ts';

const LAST_LINES = 12;

/** For each failed task: what failed and why, the last lines of its log, the next command. */
export async function describeFailures(state: RunState, store: RunStore, options: GlobalOptions): Promise<string[]> {
  const failed = state.tasks.filter(({ state }) => state === 'failed' || state === 'unknown');
  return Promise.all(failed.map((task) => describeFailure(task, state, store, options)));
}

async function describeFailure(
  task: TaskRecord,
  { runId, tasks }: RunState,
  store: RunStore,
  options: GlobalOptions,
): Promise<string> {
  const last = task.attempts.at(-1);
  const { lines } = await store.readLog(runId, task.name, last?.attempt ?? 1);
  const skipped = tasks.filter(({ skippedBecause }) => skippedBecause === task.name).map(({ name }) => name);
  const where = options.project === undefined ? '' : ` -C ${options.project}`;
  return [
    `task '${task.name}' ${task.state === 'unknown' ? 'may have run' : 'failed'}: ${last?.failure === undefined ? 'no reason was recorded' : describe(last.failure, last.launch)}`,
    ...remedyOf(last?.failure),
    ...triesOf(task),
    ...(skipped.length > 0 ? [`  not run because of it: ${skipped.join(', ')}`] : []),
    ...(lines.length > 0
      ? ['  the last lines of its log:', ...lines.slice(-LAST_LINES).map(({ text }) => `    ${text.trimEnd()}`)]
      : []),
    `  next: ${nextFor(task, `${where} ${runId}`, lines.length > 0)}`,
    '',
  ].join('\n');
}

function nextFor({ name, state }: TaskRecord, run: string, hasLog: boolean): string {
  if (state === 'unknown')
    return `look whether its outputs are there; wherry resume${run} --rerun-unknown runs it again`;
  // What left no line here (it never ran, or logs elsewhere) has none to show.
  return hasLog ? `wherry logs${run} ${name}` : `wherry resume${run}, once that is mended`;
}

function remedyOf(failure: Failure | undefined): string[] {
  if (failure?.remedy !== undefined) return [`  what to do: ${failure.remedy}`];
  return failure?.blame === 'platform' ? ['  this is the platform, not your code: run it again'] : [];
}

function describe(failure: Failure, { memoryMiB }: Launch): string {
  switch (failure.reason) {
    case 'node-raised':
      return `node '${failure.node}' raised ${failure.exception}: ${failure.detail}`;
    case 'step-failed':
      return `${failure.exception}: ${failure.detail}`;
    case 'exit-nonzero':
      return `its container ended with exit status ${failure.exitCode} (${failure.detail})`;
    case 'out-of-memory':
      return `it ran out of its ${describeMemory(memoryMiB)} of memory (${failure.detail})`;
    case 'timed-out':
      return failure.detail;
    case 'killed':
      return `its container was killed, exit status ${failure.exitCode} (${failure.detail})`;
    case 'sidecar-ended':
      return `its container was stopped, as the container '${failure.container}' beside it had ended${failure.exitCode === undefined ? '' : ` with exit status ${failure.exitCode}`} (${failure.detail})`;
    case 'not-started':
    case 'no-connection':
    case 'no-capacity':
    case 'over-quota':
    case 'no-address':
      return `it could not be started: ${failure.detail}`;
    case 'interrupted':
      return `it was interrupted: ${failure.detail}`;
    case 'lost':
      return `it was lost: ${failure.detail}`;
    case 'cancelled':
      return `it was stopped: ${failure.detail}`;
    case 'unknown':
      return `nobody knows how it ended: ${failure.detail}`;
    default:
      return unreachable(failure);
  }
}
