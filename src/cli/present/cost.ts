import { dollars } from '../../fargate/price.ts';
import type { Plan } from '../../model/plan.ts';
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

/** Where nothing says how long a task takes: the least that one is charged. */
const LEAST_SECONDS = 60;

/** What the tasks of a plan will cost, each run once: `about $1.20 by the estimates`. */
export function estimatedCost(plan: Plan, { region, architecture }: Prices): string {
  const costs = plan.tasks.map((task) => dollars(task, task.estimate?.seconds ?? LEAST_SECONDS, region, architecture));
  if (costs.some((cost) => cost === undefined)) return `cost unknown (no prices for ${region})`;
  const sum = costs.reduce((total: number, cost) => total + (cost ?? 0), 0);
  const estimated = plan.tasks.filter(({ estimate }) => estimate !== undefined).length;
  const total = plan.tasks.length;
  if (estimated === total) return `about $${sum.toFixed(4)} by the estimates`;
  const what = estimated === 0 ? 'none of its tasks is' : `${estimated} of ${total} tasks are`;
  return `at least $${sum.toFixed(4)} (${what} estimated; a minute is charged for each)`;
}
