import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName } from '../../model/project.ts';
import { append } from '../../util/topological-order.ts';
import type { Rule } from '../rule.ts';

/** Two names for one place, both written: the plan sees no edge between them, and the later writer wins. */
export const onePathTwice: Rule = ({ pipeline, project, locateDataset }) => {
  const writerOf = new Map(
    pipeline.nodes.flatMap((node) => node.outputs.map((name): [string, string] => [datasetName(name), node.name])),
  );
  const byPath = new Map<string, string[]>();
  for (const name of writerOf.keys()) {
    const path = project.catalog.get(name)?.path?.replace(/^\.\//, '');
    if (path !== undefined) append(byPath, path, name);
  }
  return [...byPath].flatMap(([path, [first = '', ...others]]) =>
    others.map((name) => {
      const [dataset, original] = [project.catalog.get(name), project.catalog.get(first)];
      return diagnostic('data/one-path-twice', {
        message: `'${name}' and '${first}' are both written to '${path}'`,
        why: `which of the two stays is chance: nothing makes '${writerOf.get(name)}' and '${writerOf.get(first)}' wait for each other`,
        help: 'give each a path of its own',
        span: dataset && locateDataset(dataset, dataset.pathKey),
        notes: [{ message: 'the other one', span: original && locateDataset(original, original.pathKey) }],
      });
    }),
  );
};
