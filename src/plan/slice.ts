import { datasetName, type Node, type Pipeline } from '../model/project.ts';
import { append } from '../util/topological-order.ts';
import { nodeGraph } from './node-graph.ts';

/** Which part of a pipeline is wanted, by Kedro's own words. An empty list asks for nothing in particular. */
export interface Slice {
  readonly nodes: readonly string[];
  readonly fromNodes: readonly string[];
  readonly toNodes: readonly string[];
  readonly fromInputs: readonly string[];
  readonly toOutputs: readonly string[];
  readonly tags: readonly string[];
  readonly namespaces: readonly string[];
}

/** A word of the slice that names nothing in the pipeline. */
export interface UnknownName {
  readonly kind: 'node' | 'dataset' | 'tag' | 'namespace';
  readonly name: string;
}

/**
 * The nodes that every given criterion keeps, as `kedro run` does it (kedro/pipeline/pipeline.py, `Pipeline.filter`):
 * `fromNodes` keeps what depends on them, `toNodes` what they depend on, `tags` those that have any of them.
 */
export function slicePipeline(pipeline: Pipeline, slice: Slice): { pipeline: Pipeline; unknown: UnknownName[] } {
  const { nodes } = pipeline;
  const { down, up } = reaches(nodes);
  const byName = (names: readonly string[]) => nodes.filter(({ name }) => names.includes(name));
  const touching = (part: 'inputs' | 'outputs', names: readonly string[]) =>
    nodes.filter((node) => node[part].some((name) => names.includes(name) || names.includes(datasetName(name))));
  const criteria: [readonly string[], () => ReadonlySet<string>][] = [
    [slice.nodes, () => namesOf(byName(slice.nodes))],
    [slice.fromNodes, () => down(byName(slice.fromNodes))],
    [slice.toNodes, () => up(byName(slice.toNodes))],
    [slice.fromInputs, () => down(touching('inputs', slice.fromInputs))],
    [slice.toOutputs, () => up(touching('outputs', slice.toOutputs))],
    [slice.tags, () => namesOf(nodes.filter(({ tags }) => tags.some((tag) => slice.tags.includes(tag))))],
    [slice.namespaces, () => namesOf(nodes.filter((node) => slice.namespaces.some((name) => isIn(node, name))))],
  ];
  const keeping = criteria.filter(([names]) => names.length > 0).map(([, keep]) => keep());
  const kept = nodes.filter(({ name }) => keeping.every((set) => set.has(name)));
  const there = namesOf(kept);
  // What a node is to come after is waited for only where it runs, too; so it is with the data of other nodes.
  const own = kept.map((node) => ({ ...node, after: node.after.filter((name) => there.has(name)) }));
  return {
    pipeline: { ...pipeline, nodes: own },
    unknown: unknownNames(nodes, slice),
  };
}

const namesOf = (nodes: readonly Node[]): Set<string> => new Set(nodes.map(({ name }) => name));

function isIn({ namespace }: Node, wanted: string): boolean {
  return namespace !== undefined && (namespace === wanted || namespace.startsWith(`${wanted}.`));
}

/** Nodes with all that depends on them, and with all that they depend on. */
function reaches(nodes: readonly Node[]) {
  const [next, previous] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { from, to } of nodeGraph(nodes).edges) {
    append(next, from, to);
    append(previous, to, from);
  }
  const along = (edges: ReadonlyMap<string, readonly string[]>) => (start: readonly Node[]) => {
    const found = new Set<string>();
    const open = start.map(({ name }) => name);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      open.push(...(edges.get(name) ?? []));
    }
    return found;
  };
  return { down: along(next), up: along(previous) };
}

function unknownNames(nodes: readonly Node[], slice: Slice): UnknownName[] {
  const inputs = new Set(nodes.flatMap((node) => node.inputs.flatMap((name) => [name, datasetName(name)])));
  const outputs = new Set(nodes.flatMap((node) => node.outputs.flatMap((name) => [name, datasetName(name)])));
  const known = namesOf(nodes);
  const tags = new Set(nodes.flatMap((node) => node.tags));
  const missing = (kind: UnknownName['kind'], names: readonly string[], isKnown: (name: string) => boolean) =>
    names.filter((name) => !isKnown(name)).map((name): UnknownName => ({ kind, name }));
  return [
    ...missing('node', [...slice.nodes, ...slice.fromNodes, ...slice.toNodes], (name) => known.has(name)),
    ...missing('dataset', slice.fromInputs, (name) => inputs.has(name)),
    ...missing('dataset', slice.toOutputs, (name) => outputs.has(name)),
    ...missing('tag', slice.tags, (name) => tags.has(name)),
    ...missing('namespace', slice.namespaces, (name) => nodes.some((node) => isIn(node, name))),
  ];
}
