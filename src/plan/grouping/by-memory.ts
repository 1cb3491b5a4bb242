import type { NodeGraph } from '../node-graph.ts';
import type { Labels } from './labels.ts';

/** Nodes joined, directly or through others, by datasets that are only in memory. */
export function joinedByMemory({ nodes, edges }: NodeGraph, isInMemory: (dataset: string) => boolean): Labels {
  const parent = new Map(nodes.map(({ name }) => [name, name]));
  const rootOf = (name: string): string => {
    let root = name;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    // Halving the path keeps long chains from costing a walk each time.
    for (let at = name; at !== root; ) {
      const next = parent.get(at) ?? root;
      parent.set(at, root);
      at = next;
    }
    return root;
  };
  for (const { from, to, dataset } of edges)
    if (dataset !== undefined && isInMemory(dataset)) parent.set(rootOf(to), rootOf(from));
  return new Map(nodes.map(({ name }) => [name, rootOf(name)]));
}
