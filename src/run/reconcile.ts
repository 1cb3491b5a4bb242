import type { Plan } from '../model/plan.ts';
import type { RunEndState, TaskRecord } from '../model/run.ts';

/** What should be done next, by what is known. */
export type Action =
  | { readonly action: 'start'; readonly task: string; readonly attempt: number }
  | { readonly action: 'skip'; readonly task: string; readonly because: string }
  | { readonly action: 'stop'; readonly task: string; readonly attempt: number; readonly handle: string }
  | { readonly action: 'finish'; readonly state: RunEndState };

export interface Situation {
  readonly tasks: ReadonlyMap<string, TaskRecord>;
  readonly cancelRequested: boolean;
  /** How many attempts may be under way at once. */
  readonly capacity: number;
}

const UNDER_WAY = new Set(['starting', 'pending', 'running']);

/** Pure: the same plan and situation give the same actions. A skip may make others due: call again until nothing is. */
export function reconcile(plan: Plan, { tasks, cancelRequested, capacity }: Situation): Action[] {
  const records = plan.tasks.map(({ name }) => tasks.get(name)).filter((task) => task !== undefined);
  const underWay = records.filter(({ state }) => UNDER_WAY.has(state));
  if (cancelRequested) return underWay.length > 0 ? stopAll(underWay) : [{ action: 'finish', state: 'cancelled' }];

  const actions: Action[] = [];
  let free = capacity - underWay.length;
  for (const { name, dependsOn } of plan.tasks) {
    const task = tasks.get(name);
    if (task?.state !== 'waiting') continue;
    const blocker = dependsOn.map((need) => tasks.get(need)).find((need) => need && hasEndedBadly(need));
    if (blocker !== undefined)
      actions.push({ action: 'skip', task: name, because: blocker.skippedBecause ?? blocker.name });
    else if (free > 0 && dependsOn.every((need) => tasks.get(need)?.state === 'succeeded')) {
      actions.push({ action: 'start', task: name, attempt: (task.attempts.at(-1)?.attempt ?? 0) + 1 });
      free--;
    }
  }
  if (actions.length === 0 && underWay.length === 0) {
    return [{ action: 'finish', state: records.every(({ state }) => state === 'succeeded') ? 'succeeded' : 'failed' }];
  }
  return actions;
}

function hasEndedBadly({ state }: TaskRecord): boolean {
  return state === 'failed' || state === 'cancelled' || state === 'unknown' || state === 'skipped';
}

function stopAll(underWay: readonly TaskRecord[]): Action[] {
  return underWay.flatMap(({ name, attempts }) => {
    const last = attempts.at(-1);
    return last?.handle === undefined
      ? []
      : [{ action: 'stop', task: name, attempt: last.attempt, handle: last.handle }];
  });
}
