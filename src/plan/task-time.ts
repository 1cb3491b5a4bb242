import type { ConfigValues } from '../config/schema.ts';
import type { PlanTask } from '../model/plan.ts';
import type { Node } from '../model/project.ts';
import { entry, nodeSetting } from './node-setting.ts';

/** How long an attempt may take: as its size, the task's own entry decides alone, else the longest of its nodes. */
export function timeoutOf(
  taskName: string,
  nodes: readonly Node[],
  { resources, timeout }: Pick<ConfigValues, 'resources' | 'timeout'>,
): Pick<PlanTask, 'timeoutMs'> {
  const under = (name: string) => entry(resources, name)?.timeout;
  const seconds = under(taskName) ?? Math.max(...nodes.map((node) => nodeSetting(node, undefined, under) ?? timeout));
  return seconds === timeout ? {} : { timeoutMs: Math.round(seconds * 1000) };
}

/** How long the task is expected to take: its own entry decides alone, else its nodes together, where all are known. */
export function estimateOf(
  taskName: string,
  nodes: readonly Node[],
  estimates: ConfigValues['estimates'],
): Pick<PlanTask, 'estimate'> {
  const under = (name: string) => entry(estimates, name);
  const own = under(taskName);
  if (own !== undefined) return { estimate: { seconds: own } };
  const seconds = nodes.map((node) => nodeSetting(node, node.program?.seconds, under));
  const isKnown = seconds.every((value) => value !== undefined);
  return isKnown ? { estimate: { seconds: seconds.reduce((sum, value) => sum + value, 0) } } : {};
}
