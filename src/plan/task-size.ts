import type { ConfigValues } from '../config/schema.ts';
import { snapToFargate } from '../fargate/sizes.ts';
import type { TaskSize } from '../model/plan.ts';
import type { Node } from '../model/project.ts';
import { entry, nodeSetting } from './node-setting.ts';

/** Without any setting: CONTRACTS' 1 vCPU and 2 GiB. */
const DEFAULT_SIZE: TaskSize = { vcpu: 1, memoryMiB: 2048 };

/**
 * The size that the settings ask for a task: an entry under the task's own name decides alone; else the largest vCPU and
 * the largest memory among its nodes.
 */
export function wantedSize(taskName: string, nodes: readonly Node[], resources: ConfigValues['resources']): TaskSize {
  const largest = (part: 'vcpu' | 'memory', saidBy: (node: Node) => number | undefined, fallback: number) => {
    const under = (name: string) => entry(resources, name)?.[part];
    return under(taskName) ?? Math.max(...nodes.map((node) => nodeSetting(node, saidBy(node), under) ?? fallback));
  };
  return {
    vcpu: largest('vcpu', ({ program }) => program?.vcpu, DEFAULT_SIZE.vcpu),
    memoryMiB: largest('memory', ({ program }) => program?.memoryMiB, DEFAULT_SIZE.memoryMiB),
  };
}

/** The Fargate size for what is wanted; what is wanted itself where Fargate has none so large (check says so). */
export function fargateSize(wanted: TaskSize): TaskSize {
  return snapToFargate(wanted) ?? { vcpu: wanted.vcpu, memoryMiB: wanted.memoryMiB };
}
