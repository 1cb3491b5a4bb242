import { describeSize } from '../../fargate/sizes.ts';
import type { AttemptRecord, Failure, Launch, RunState, TaskRecord } from '../../model/run.ts';

/** What a failure is called in one or two words. */
export const REASONS: Readonly<Record<Failure['reason'], string>> = {
  'node-raised': 'a node raised',
  'step-failed': 'the step failed',
  'exit-nonzero': 'exit status not 0',
  'out-of-memory': 'out of memory',
  'timed-out': 'timed out',
  killed: 'killed',
  'sidecar-ended': 'a sidecar ended',
  'not-started': 'not started',
  'no-connection': 'no connection',
  'no-capacity': 'no capacity',
  'over-quota': 'over the quota',
  'no-address': 'no address left',
  interrupted: 'interrupted',
  lost: 'lost',
  cancelled: 'stopped',
  unknown: 'may have run',
};

/** A line for each task that needed more than one attempt and succeeded: which, and what the last one had. */
export function describeRetried({ tasks }: RunState): string[] {
  return tasks.flatMap((task) => {
    const last = task.attempts.at(-1);
    const failures = failuresOf(task).map(({ attempt, failure }) => `${attempt} ${REASONS[failure.reason]}`);
    if (last === undefined || task.state !== 'succeeded' || failures.length === 0) return [];
    return `task '${task.name}' succeeded at attempt ${last.attempt} with ${describeLaunch(last.launch)} (${failures.join(', ')})`;
  });
}

/** What the attempts before the last one met, those that met the same in one line. */
export function triesOf(task: TaskRecord): string[] {
  const tries = failuresOf(task);
  const last = tries.at(-1)?.failure.detail;
  const runs: { text: string; from: number; to: number }[] = [];
  for (const { attempt, launch, failure } of tries.slice(0, -1)) {
    const detail = failure.detail === last ? 'the same' : failure.detail;
    const text = `${describeLaunch(launch)}: ${REASONS[failure.reason]}: ${detail}`;
    const before = runs.at(-1);
    if (before?.text === text) before.to = attempt;
    else runs.push({ text, from: attempt, to: attempt });
  }
  return runs.map(({ text, from, to }) => `  attempt${from === to ? ` ${from}` : `s ${from} to ${to}`}, ${text}`);
}

function failuresOf({ attempts }: TaskRecord): (AttemptRecord & { readonly failure: Failure })[] {
  return attempts.flatMap((record) => (record.failure === undefined ? [] : { ...record, failure: record.failure }));
}

export function describeLaunch({ spot, ...size }: Launch): string {
  return `${describeSize(size)}${spot ? ' on Spot' : ''}`;
}
