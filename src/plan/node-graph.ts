import { datasetName, isParameter, type Node } from '../model/project.ts';

/** One node needs another, because of a dataset or because the pipeline says so. */
export interface NodeEdge {
  readonly from: string;
  readonly to: string;
  /** Undefined where only the order is asked for. */
  readonly dataset: string | undefined;
}

/** A pipeline's nodes with the datasets that join them. */
export interface NodeGraph {
  /** In topological order, as the loader gave them. */
  readonly nodes: readonly Node[];
  readonly edges: readonly NodeEdge[];
  /** Node name by the dataset that it writes. */
  readonly writerOf: ReadonlyMap<string, string>;
}

export function nodeGraph(nodes: readonly Node[]): NodeGraph {
  const writerOf = new Map<string, string>();
  for (const node of nodes) for (const output of node.outputs) writerOf.set(datasetName(output), node.name);
  const edges = nodes.flatMap((node) => [
    ...dataInputs(node).flatMap((dataset): NodeEdge[] => {
      const from = writerOf.get(dataset);
      return from === undefined || from === node.name ? [] : [{ from, to: node.name, dataset }];
    }),
    ...node.after.map((from): NodeEdge => ({ from, to: node.name, dataset: undefined })),
  ]);
  return { nodes, edges, writerOf };
}

/** What a node reads, parameters excluded, without transcoding suffixes, each once. */
export function dataInputs(node: Node): string[] {
  return [...new Set(node.inputs.filter((name) => !isParameter(name)).map(datasetName))];
}
