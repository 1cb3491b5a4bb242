import { type Dataset, datasetName, type Node } from '../model/project.ts';
import type { CheckContext } from './rule.ts';

/** A dataset with a path that a node of the plan writes. */
export interface Written {
  readonly dataset: Dataset;
  readonly node: Node;
  readonly task: string;
}

/** In the order of the nodes. */
export function writtenDatasets({ pipeline, plan, project }: CheckContext): Written[] {
  const taskOf = new Map(plan.tasks.flatMap(({ name, nodes }) => nodes.map((node): [string, string] => [node, name])));
  return pipeline.nodes.flatMap((node) =>
    node.outputs.flatMap((output) => {
      const dataset = project.catalog.get(datasetName(output));
      return dataset?.path === undefined ? [] : { dataset, node, task: taskOf.get(node.name) ?? '' };
    }),
  );
}
