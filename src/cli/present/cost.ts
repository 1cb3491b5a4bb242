import { dollars } from '../../fargate/price.ts';
import type { Prices, RunState, TaskRecord } from '../../model/run.ts';

/** Dollars for all attempts of a task; undefined where there is no price, or nothing that was charged. */
export function taskDollars(task: TaskRecord, prices: Prices | undefined): number | undefined {
  if (prices === undefined) return undefined;
  const charged = task.attempts.flatMap(({ launch, billedFrom, stoppedAt }) => {
    if (billedFrom === undefined || stoppedAt === undefined) return [];
    return dollars(launch, (stoppedAt - billedFrom) / 1000, prices.region, prices.architecture) ?? [];
  });
  return charged.length === 0 ? undefined : charged.reduce((sum, value) => sum + value, 0);
}

export function runDollars(state: RunState): number | undefined {
  const parts = state.tasks.flatMap((task) => taskDollars(task, state.prices) ?? []);
  return parts.length === 0 ? undefined : parts.reduce((sum, value) => sum + value, 0);
}
