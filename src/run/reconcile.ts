import type { Plan, PlanTask } from '../model/plan.ts';
import type { Failure, Launch, Retry, RunEndState, RunPolicy, StopReason, TaskRecord } from '../model/run.ts';
import type { Ceiling } from './fold.ts';
import { type RetryContext, retryOf } from './retry.ts';

/** What should be done next, by what is known. */
export type Action =
  | { readonly action: 'start'; readonly task: string; readonly attempt: number; readonly launch: Launch }
  | { readonly action: 'retry'; readonly task: string; readonly retry: Retry }
  | { readonly action: 'skip'; readonly task: string; readonly because: string }
  | {
      readonly action: 'stop';
      readonly task: string;
      readonly attempt: number;
      readonly handle: string;
      readonly because: StopReason;
    }
  | { readonly action: 'finish'; readonly state: RunEndState };

export interface Situation extends Omit<RetryContext, 'othersHold'> {
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  /** Names of the tasks with an attempt that has not ended. */
  readonly live: ReadonlySet<string>;
  readonly ceiling: Ceiling | undefined;
  readonly cancelRequested: boolean;
  /** How many attempts may be under way at once. */
  readonly capacity: number;
}

/** How long the run keeps to what the account took last, before it tries one more. */
const CEILING_HOLDS_MS = 60_000;

/** Pure: the same plan and situation give the same actions. They are repeated until events show that they were done. */
export function reconcile(plan: Plan, situation: Situation): Action[] {
  return situation.cancelRequested ? windDown(situation) : advance(plan, situation);
}

/** Stops what is under way. What may be, for all anybody knows, is asked for once more: only then can it be stopped. */
function windDown(situation: Situation): Action[] {
  const actions = [...situation.live].flatMap((name): Action[] => {
    const task = situation.tasks.get(name);
    const stop = task && stopOf(task, 'cancelled');
    return stop ?? startOf(task, situation);
  });
  return situation.live.size === 0 ? [{ action: 'finish', state: 'cancelled' }] : actions;
}

function advance(plan: Plan, situation: Situation): Action[] {
  const { tasks, live } = situation;
  const actions: Action[] = [];
  const ended = new Map<string, string | undefined>();
  let free = room(situation) - live.size;
  let held = 0;
  for (const task of plan.tasks) {
    const record = tasks.get(task.name);
    if (record === undefined) continue;
    const action = actionFor(task, record, { situation, ended });
    if (action === undefined) continue;
    if (action.action === 'start' && !live.has(task.name) && free-- <= 0) held++;
    else actions.push(action);
  }
  if (actions.length > 0 || live.size > 0 || held > 0) return actions;
  const records = plan.tasks.map(({ name }) => tasks.get(name)?.state);
  if (records.includes('retrying')) return [];
  const stuck = plan.tasks[records.indexOf('waiting')];
  if (stuck !== undefined) throw new Error(`task '${stuck.name}' waits for ${stuck.dependsOn.join(', ')} for ever`);
  return [{ action: 'finish', state: records.every((state) => state === 'succeeded') ? 'succeeded' : 'failed' }];
}

interface Pass {
  readonly situation: Situation;
  /** Tasks that will not succeed, and the failed task because of which. */
  readonly ended: Map<string, string | undefined>;
}

function actionFor(task: PlanTask, record: TaskRecord, { situation, ended }: Pass): Action | undefined {
  const { tasks, now, policy } = situation;
  switch (record.state) {
    case 'waiting': {
      const blocker = task.dependsOn.find((need) => ended.has(need));
      if (blocker !== undefined) {
        const because = ended.get(blocker) ?? blocker;
        ended.set(task.name, because);
        return { action: 'skip', task: task.name, because };
      }
      if (!task.dependsOn.every((need) => tasks.get(need)?.state === 'succeeded')) return undefined;
      return { action: 'start', task: task.name, ...nextStart(task, record, policy) };
    }
    case 'failed': {
      const retry = retryOf(record, { ...situation, othersHold: (reason) => othersHold(reason, situation) });
      if (retry !== undefined) return { action: 'retry', task: task.name, retry };
      ended.set(task.name, undefined);
      return undefined;
    }
    case 'cancelled':
    case 'unknown':
    case 'skipped':
      ended.set(task.name, record.skippedBecause);
      return undefined;
    case 'starting':
    case 'retrying':
      return startOf(record, situation)[0];
    case 'pending':
    case 'running': {
      // By two clocks, of which ours may be ahead: it did not start before it was asked for.
      const { startedAt = 0, askedAt = now } = record.attempts.at(-1) ?? {};
      const isOver = Math.max(startedAt, askedAt) + timeoutOf(task, policy) <= now;
      return isOver ? stopOf(record, 'timed-out')?.[0] : undefined;
    }
    case 'succeeded':
      return undefined;
  }
}

/** How long an attempt at the task may take. */
export function timeoutOf({ timeoutMs }: PlanTask, policy: RunPolicy): number {
  return timeoutMs ?? policy.timeoutMs;
}

/** A task that waits again, in a run that was resumed, goes on with what its last attempt had. */
function nextStart({ vcpu, memoryMiB }: PlanTask, { attempts }: TaskRecord, { spot }: RunPolicy) {
  const last = attempts.at(-1);
  return { attempt: (last?.attempt ?? 0) + 1, launch: last?.launch ?? { spot, vcpu, memoryMiB } };
}

/** An attempt counts to the quota once it is asked for; that it has an address is known when it runs. */
function othersHold(reason: Failure['reason'], { live, tasks }: Situation): boolean {
  return reason === 'over-quota' ? live.size > 0 : [...live].some((name) => tasks.get(name)?.state === 'running');
}

/** The retry that is due, or the attempt that was about to be asked for. */
function startOf(task: TaskRecord | undefined, { now }: Situation): [] | [Action] {
  const last = task?.attempts.at(-1);
  if (task === undefined || last === undefined || (task.retry?.notBefore ?? 0) > now) return [];
  const { attempt, launch } = task.retry ?? last;
  return [{ action: 'start', task: task.name, attempt, launch }];
}

function stopOf({ name, attempts }: TaskRecord, because: StopReason): [Action] | undefined {
  const last = attempts.at(-1);
  if (last?.handle === undefined) return undefined;
  return [
    { action: 'stop', task: name, attempt: last.attempt, handle: last.handle, because: last.stopping ?? because },
  ];
}

/** How many attempts may be under way: what the engine takes, and what the account took when it took no more. */
function room({ capacity, ceiling, now }: Situation): number {
  if (ceiling === undefined) return capacity;
  return Math.min(capacity, now < ceiling.since + CEILING_HOLDS_MS ? ceiling.attempts : ceiling.attempts + 1);
}
