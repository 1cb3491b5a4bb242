import type { Colors } from 'picocolors/types.js';
import { describeSize } from '../../fargate/sizes.ts';
import type { Plan, PlanTask } from '../../model/plan.ts';
import { describeDuration } from '../../util/describe-duration.ts';

/** The plan for people: a paragraph a task, then what passes between tasks. */
export function renderPlan(plan: Plan, spill: string | undefined, colors: Colors): string {
  const nodes = plan.tasks.reduce((sum, task) => sum + task.nodes.length, 0);
  const head = `${colors.bold(plan.project)} ${plan.pipeline}, env ${plan.env}: ${nodes} nodes in ${plan.tasks.length} tasks, grouped by ${plan.grouping}`;
  const spilled = plan.boundaryDatasets.filter(({ storage }) => storage === 'spill');
  const longest = longestChain(plan);
  const between = plan.boundaryDatasets.map(
    ({ name, storage, producer, consumers }) =>
      `  ${name}: ${producer} → ${consumers.join(', ')} ${colors.dim(`(${storage})`)}`,
  );
  return [
    head,
    colors.dim(`plan ${plan.planHash.slice(0, 12)}`),
    '',
    ...plan.tasks.flatMap((task) => describeTask(task, colors)),
    ...(between.length > 0 ? ['between tasks:', ...between] : []),
    ...(longest === undefined ? [] : [`about ${describeDuration(longest * 1000)} where nothing waits for capacity`]),
    ...(spilled.length > 0 ? [`spilled to ${spill ?? 'nowhere: set spill in wherry.yml'}`] : []),
    '',
  ].join('\n');
}

function describeTask(task: PlanTask, colors: Colors): string[] {
  const line = (label: string, values: readonly string[]) =>
    values.length > 0 ? [`  ${colors.dim(label.padEnd(6))} ${values.join(', ')}`] : [];
  return [
    `${colors.bold(task.name)} ${colors.dim(`(${[describeSize(task), ...times(task)].join(', ')})`)}`,
    ...line('nodes', task.nodes),
    ...line('after', task.dependsOn),
    ...line('reads', task.reads),
    ...line(
      'writes',
      task.writes.map((name) => (task.spills.includes(name) ? `${name} (spilled)` : name)),
    ),
    '',
  ];
}

function times({ estimate, timeoutMs }: PlanTask): string[] {
  return [
    ...(estimate === undefined ? [] : [`about ${describeDuration(estimate.seconds * 1000)}`]),
    ...(timeoutMs === undefined ? [] : [`at most ${describeDuration(timeoutMs)}`]),
  ];
}

/** How long the chain takes that takes longest; undefined where a task of the plan has no estimate. */
function longestChain({ tasks }: Plan): number | undefined {
  const endOf = new Map<string, number>();
  for (const { name, dependsOn, estimate } of tasks) {
    if (estimate === undefined) return undefined;
    endOf.set(name, estimate.seconds + Math.max(0, ...dependsOn.map((needed) => endOf.get(needed) ?? 0)));
  }
  return Math.max(...endOf.values());
}
