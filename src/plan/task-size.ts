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
 * the largest memory among its nodes, each by its node entry, then what the node itself says (in a pipeline.yml), then a
 * tag's, then a namespace's (innermost first), then `__default__`.
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
  const general = [...node.tags.map(resourceOfTag), ...namespaces, '__default__'];
  const own = resources[node.name];
  const pick = (part: 'vcpu' | 'memory', inProgram: number | undefined) => {
    if (own?.[part] !== undefined) return { value: own[part], keys: [node.name] };
    if (inProgram !== undefined) return { value: inProgram, keys: [] };
    const key = general.find((name) => Object.hasOwn(resources, name) && resources[name]?.[part] !== undefined);
    return key === undefined ? undefined : { value: resources[key]?.[part], keys: [key] };
  };
  const vcpu = pick('vcpu', node.program?.vcpu);
  const memory = pick('memory', node.program?.memoryMiB);
  return {
    vcpu: vcpu?.value ?? DEFAULT_SIZE.vcpu,
    memoryMiB: memory?.value ?? DEFAULT_SIZE.memoryMiB,
    keys: [...(vcpu?.keys ?? []), ...(memory?.keys ?? [])],
  };
}

/** kedro-airflow-k8s gives `resources.big` to nodes tagged `resources:big`, which Kedro 0.19 made `resources.big`. */
function resourceOfTag(tag: string): string {
  return /^resources[:.](.+)$/.exec(tag)?.[1] ?? tag;
}

/** The Fargate size for what is wanted; what is wanted itself where Fargate has none so large (check says so). */
export function fargateSize(wanted: TaskSize): TaskSize {
  return snapToFargate(wanted) ?? { vcpu: wanted.vcpu, memoryMiB: wanted.memoryMiB };
}
