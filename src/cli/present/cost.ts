import { dollars } from '../../fargate/price.ts';
import type { Plan } from '../../model/plan.ts';
import type { Prices, RunState, TaskRecord } from '../../model/run.ts';

/** Dollars for all attempts of a task; undefined where there is no price, or nothing that was charged. */
export function taskDollars(task: TaskRecord, plan: Plan, prices: Prices | undefined): number | undefined {
  const size = plan.tasks.find(({ name }) => name === task.name);
  if (prices === undefined || size === undefined) return undefined;
  const charged = task.attempts.flatMap(({ billedFrom, stoppedAt }) => {
    if (billedFrom === undefined || stoppedAt === undefined) return [];
    return dollars(size, (stoppedAt - billedFrom) / 1000, prices.region, prices.architecture) ?? [];
  });
  return charged.length === 0 ? undefined : charged.reduce((sum, value) => sum + value, 0);
}

export function runDollars(state: RunState, plan: Plan): number | undefined {
  const parts = state.tasks.flatMap((task) => taskDollars(task, plan, state.prices) ?? []);
  return parts.length === 0 ? undefined : parts.reduce((sum, value) => sum + value, 0);
}
