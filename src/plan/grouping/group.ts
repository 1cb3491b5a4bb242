import type { ConfigValues } from '../../config/schema.ts';
import type { Grouping } from '../../model/plan.ts';
import type { Node } from '../../model/project.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { NodeGraph } from '../node-graph.ts';
import { joinedByMemory } from './by-memory.ts';
import type { Labels } from './labels.ts';

export interface Grouped {
  readonly grouping: Grouping;
  /** The name of the explicit group by node. */
  readonly groupOf: ReadonlyMap<string, string>;
}

/** `groups` of the settings by node. A node that is in several is in the first of them; check says so. */
export function explicitGroups(groups: ConfigValues['groups']): Map<string, string> {
  const named = Object.entries(groups).flatMap(([name, nodes]) => nodes.map((node): [string, string] => [node, name]));
  return new Map(named.reverse());
}

/** What groups and rule alone ask for, cycles and all; `makeConvex` repairs it. The rule is for the nodes in no group. */
export function labelNodes(
  { grouping, groupOf }: Grouped,
  graph: NodeGraph,
  isInMemory: (dataset: string) => boolean,
): Labels {
  const labels = labelsByRule(grouping, without(graph, groupOf), isInMemory);
  return label(graph.nodes, ({ name, program }) => {
    if (program?.isAlone) return `alone:${name}`;
    const group = groupOf.get(name);
    const wanted = group === undefined ? `rule:${labels.get(name)}` : `group:${group}`;
    // A container has one image.
    return program?.image === undefined ? wanted : `image:${program.image}:${wanted}`;
  });
}

function without({ nodes, edges, writerOf }: NodeGraph, left: ReadonlyMap<string, unknown>): NodeGraph {
  return {
    nodes: nodes.filter(({ name }) => !left.has(name)),
    edges: edges.filter(({ from, to }) => !left.has(from) && !left.has(to)),
    writerOf,
  };
}

function labelsByRule(grouping: Grouping, graph: NodeGraph, isInMemory: (dataset: string) => boolean): Labels {
  switch (grouping) {
    case 'node':
      return label(graph.nodes, ({ name }) => `node:${name}`);
    case 'memory':
      return joinedByMemory(graph, isInMemory);
    case 'namespace':
      return label(graph.nodes, (node) => topNamespace(node) ?? `node:${node.name}`);
    case 'tag':
      return label(graph.nodes, (node) => groupTag(node) ?? `node:${node.name}`);
    case 'pipeline':
      return label(graph.nodes, () => 'all');
    default:
      return unreachable(grouping);
  }
}

function label(nodes: readonly Node[], labelOf: (node: Node) => string): Labels {
  return new Map(nodes.map((node) => [node.name, labelOf(node)]));
}

/** Dotted, as Kedro takes no colon in a tag since 0.19. Of several the first by name. */
function groupTag({ tags }: Node): string | undefined {
  return tags.filter((tag) => /^group\../.test(tag)).sort()[0];
}

/** Kedro groups by the outermost namespace, and so do we. Nodes without one stay alone. */
function topNamespace({ namespace }: Node): string | undefined {
  return namespace === undefined ? undefined : `namespace:${namespace.split('.')[0]}`;
}
