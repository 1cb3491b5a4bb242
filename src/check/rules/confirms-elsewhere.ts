import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName, type Node } from '../../model/project.ts';
import type { Rule } from '../rule.ts';

/**
 * An IncrementalDataset moves its checkpoint when a node confirms it: to the last partition of the list that loading
 * made, which only the process that loaded it has. Source: `IncrementalDataset.confirm` and `_list_partitions` of
 * kedro-datasets, whose cache is the object's.
 */
export const confirmsElsewhere: Rule = ({ pipeline, plan, project, locateDataset, locateNode }) => {
  const taskOf = new Map(plan.tasks.flatMap(({ name, nodes }) => nodes.map((node): [string, string] => [node, name])));
  const readersOf = (dataset: string) =>
    pipeline.nodes.filter(({ inputs }) => inputs.some((input) => datasetName(input) === dataset));
  const finding = (node: Node, written: string) => {
    const name = datasetName(written);
    const task = taskOf.get(node.name);
    const readers = readersOf(name);
    if (readers.length === 0 || readers.some((reader) => taskOf.get(reader.name) === task)) return [];
    const dataset = project.catalog.get(name);
    return diagnostic('data/confirms-elsewhere', {
      message: `node '${node.name}' confirms '${name}', which is read in another task`,
      why: `the container of '${task}' lists the partitions anew: what came after the read counts as done, and no run ever reads it`,
      help: `let one task have them all: tag them alike with --grouping tag, or confirm in '${readers[0]?.name}'`,
      span: locateNode(node),
      notes: readers
        .map((reader) => ({ message: `read by node '${reader.name}'`, span: locateNode(reader) }))
        .concat(dataset === undefined ? [] : { message: 'the dataset', span: locateDataset(dataset) }),
    });
  };
  return pipeline.nodes.flatMap((node) => node.confirms.flatMap((dataset) => finding(node, dataset)));
};
