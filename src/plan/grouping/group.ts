import type { Grouping } from '../../model/plan.ts';
import type { Node } from '../../model/project.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { NodeGraph } from '../node-graph.ts';
import { joinedByMemory } from './by-memory.ts';
import type { Labels } from './labels.ts';

/** What the rule alone asks for, cycles and all; `makeConvex` repairs it. */
export function labelNodes(grouping: Grouping, graph: NodeGraph, isInMemory: (dataset: string) => boolean): Labels {
  const labels = labelsByRule(grouping, graph, isInMemory);
  return label(graph.nodes, ({ name, program }) => {
    if (program?.isAlone) return `alone:${name}`;
    // A container has one image.
    return program?.image === undefined ? (labels.get(name) ?? name) : `image:${program.image}:${labels.get(name)}`;
  });
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
