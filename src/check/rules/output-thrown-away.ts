import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName } from '../../model/project.ts';
import type { Rule } from '../rule.ts';

/** Computed, read by nobody, kept nowhere. */
export const outputThrownAway: Rule = ({ pipeline, project, locateNode }) => {
  const all = [...project.pipelines.values()].flatMap(({ nodes }) => nodes);
  const read = new Set(all.flatMap(({ inputs }) => inputs.map(datasetName)));
  return pipeline.nodes.flatMap((node) =>
    node.outputs
      .filter((name) => !read.has(datasetName(name)) && !project.catalog.has(datasetName(name)))
      .map((name) =>
        diagnostic('data/output-thrown-away', {
          message: `Nobody reads '${name}', which '${node.name}' writes, and no catalog entry keeps it`,
          why: 'it is gone when the task ends',
          help: 'give it a catalog entry if it is a result',
          span: locateNode(node),
        }),
      ),
  );
};
