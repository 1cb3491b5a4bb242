import { datasetName, isParameter, type Node } from '../model/project.ts';

/** One node needs another because of a dataset. */
export interface DataEdge {
  readonly from: string;
  readonly to: string;
  readonly dataset: string;
}

/** A pipeline's nodes with the datasets that join them. */
export interface NodeGraph {
  /** In topological order, as the loader gave them. */
  readonly nodes: readonly Node[];
  readonly edges: readonly DataEdge[];
  /** Node name by the dataset that it writes. */
  readonly writerOf: ReadonlyMap<string, string>;
}

export function nodeGraph(nodes: readonly Node[]): NodeGraph {
  const writerOf = new Map<string, string>();
  for (const node of nodes) for (const output of node.outputs) writerOf.set(datasetName(output), node.name);
  const edges = nodes.flatMap((node) =>
    dataInputs(node).flatMap((dataset): DataEdge[] => {
      const from = writerOf.get(dataset);
      return from === undefined || from === node.name ? [] : [{ from, to: node.name, dataset }];
    }),
  );
  return { nodes, edges, writerOf };
}

/** What a node reads, parameters excluded, without transcoding suffixes, each once. */
export function dataInputs(node: Node): string[] {
  return [...new Set(node.inputs.filter((name) => !isParameter(name)).map(datasetName))];
}
