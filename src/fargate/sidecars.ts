import type { ConfigValues } from '../config/schema.ts';
import type { PlanTask } from '../model/plan.ts';
import { type ContainerLimits, cpuUnits } from './run-task-request.ts';

/** What the sidecars of a definition that Wherry owns are promised together; undefined where they have no limits. */
export function promisedToSidecars({ sidecars }: ConfigValues['execution_engine']): ContainerLimits | undefined {
  const all = Object.values(sidecars);
  const cpu = all.reduce((sum, { vcpu }) => sum + cpuUnits(vcpu ?? 0), 0);
  const memory = all.reduce((sum, sidecar) => sum + (sidecar.memory ?? 0), 0);
  return cpu === 0 && memory === 0 ? undefined : { cpu, memory };
}

/** The tasks of which nothing would be left for the pipeline, the smallest first. */
export function starvedBy(promised: ContainerLimits, tasks: readonly PlanTask[]): PlanTask[] {
  return tasks
    .filter(({ vcpu, memoryMiB }) => promised.cpu >= cpuUnits(vcpu) || promised.memory >= memoryMiB)
    .sort((a, b) => a.vcpu - b.vcpu || a.memoryMiB - b.memoryMiB);
}
