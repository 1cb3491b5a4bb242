import type { ConfigValues } from '../config/schema.ts';
import { snapToFargate, type TaskSize } from '../fargate/sizes.ts';
import type { Node } from '../model/project.ts';

/** Without any setting: CONTRACTS' 1 vCPU and 2 GiB. */
const DEFAULT_SIZE: TaskSize = { vcpu: 1, memoryMiB: 2048 };

/** What a task asks for, and under which keys of `resources` that is written. */
export interface WantedSize extends TaskSize {
  readonly keys: readonly string[];
}

/**
 * The size that the settings ask for a task: an entry under the task's own name decides alone; else the largest vCPU and
 * the largest memory among its nodes, each by its node entry, then a tag's, then a namespace's (innermost first), then `__default__`.
 */
export function wantedSize(taskName: string, nodes: readonly Node[], resources: ConfigValues['resources']): WantedSize {
  const own = resources[taskName];
  const perNode = nodes.map((node) => nodeSize(node, resources));
  const keys = own === undefined ? [...new Set(perNode.flatMap((size) => size.keys))] : [taskName];
  return {
    vcpu: own?.vcpu ?? Math.max(...perNode.map(({ vcpu }) => vcpu)),
    memoryMiB: own?.memory ?? Math.max(...perNode.map(({ memoryMiB }) => memoryMiB)),
    keys,
  };
}

function nodeSize(node: Node, resources: ConfigValues['resources']): WantedSize {
  const namespaces =
    node.namespace?.split('.').map((_, index, parts) => parts.slice(0, parts.length - index).join('.')) ?? [];
  const candidates = [node.name, ...node.tags, ...namespaces, '__default__'].filter((key) =>
    Object.hasOwn(resources, key),
  );
  const vcpuKey = candidates.find((key) => resources[key]?.vcpu !== undefined);
  const memoryKey = candidates.find((key) => resources[key]?.memory !== undefined);
  return {
    vcpu: (vcpuKey && resources[vcpuKey]?.vcpu) || DEFAULT_SIZE.vcpu,
    memoryMiB: (memoryKey && resources[memoryKey]?.memory) || DEFAULT_SIZE.memoryMiB,
    keys: [vcpuKey, memoryKey].filter((key) => key !== undefined),
  };
}

/** The Fargate size for what is wanted; what is wanted itself where Fargate has none so large (check says so). */
export function fargateSize(wanted: TaskSize): TaskSize {
  return snapToFargate(wanted) ?? { vcpu: wanted.vcpu, memoryMiB: wanted.memoryMiB };
}
