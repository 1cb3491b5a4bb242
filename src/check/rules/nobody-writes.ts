import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName, isParameter } from '../../model/project.ts';
import type { Rule } from '../rule.ts';

/** A dataset that is only in memory, and that no node of this plan puts there. */
export const nobodyWrites: Rule = ({ pipeline, project, locateNode }) => {
  const written = new Set(pipeline.nodes.flatMap(({ outputs }) => outputs.map(datasetName)));
  const whole = [...project.pipelines.values()].flatMap(({ nodes }) => nodes);
  const isMissing = (name: string) => !written.has(name) && (project.catalog.get(name)?.kind ?? 'memory') === 'memory';
  return pipeline.nodes.flatMap((node) =>
    [...new Set(node.inputs.filter((name) => !isParameter(name)).map(datasetName))].filter(isMissing).map((name) => {
      const writer = whole.find(({ outputs }) => outputs.some((output) => datasetName(output) === name));
      return diagnostic('data/nobody-writes', {
        // A hook of the project's may put it there at run time; what a left-out node writes, no hook does.
        severity: writer === undefined ? 'warning' : 'error',
        message: `'${node.name}' reads '${name}', which is in no catalog and which no node writes here`,
        why: 'the task would fail when it starts, unless a hook of yours adds it',
        help:
          writer === undefined
            ? 'give it a catalog entry, or name the dataset that is meant'
            : `'${writer.name}' writes it and is not among the nodes that were asked for: ask for it too, or give the dataset a catalog entry`,
        span: locateNode(node),
        notes: writer === undefined ? [] : [{ message: `written by '${writer.name}'`, span: locateNode(writer) }],
      });
    }),
  );
};
