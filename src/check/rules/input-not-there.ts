import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName, type Node } from '../../model/project.ts';
import { localInputs } from '../local-inputs.ts';
import { plainPath } from '../plain-path.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** An input on disk that is not on this disk: neither a task of this machine nor an image built here has it. */
export const inputNotThere: Rule = (context) => {
  const { engine, plan, project, image, locateDataset, locateNode } = context;
  const produced = producedPaths(context);
  return localInputs(context).flatMap(({ dataset, path }) => {
    // Where it lies outside the image, another rule says so.
    if (engine === 'aws-fargate' && (path.startsWith('/') || image.leftOutBy(path) !== undefined)) return [];
    const isPattern = /[*?[]|^[A-Za-z]:[\\/]/.test(path);
    const isMade = produced.some((made) => made === path || made.startsWith(`${path}/`) || path.startsWith(`${made}/`));
    if (isPattern || isMade || image.isThere(path)) return [];
    const writer = writerOf(dataset.name, context);
    // A program has no hooks, and the step looks for its inputs before it starts.
    const isSure = engine === 'local' && plan.programs !== undefined;
    return diagnostic('data/input-not-there', {
      severity: isSure ? 'error' : 'warning',
      message: `'${dataset.name}' is read from '${dataset.path}', and there is nothing there`,
      why:
        engine === 'aws-fargate'
          ? "an image that is built from the project's folder does not hold it either: the task would fail, unless a hook of yours brings it"
          : `the task would fail${isSure ? '' : ', unless a hook of yours brings it'}`,
      help:
        writer === undefined
          ? `put it there, or mend the path${isSure ? '' : `, which is that of the environment '${project.env}'`}`
          : `'${writer.name}' writes it and is not among the nodes that were asked for: ask for it too`,
      span: locateDataset(dataset, dataset.pathKey),
      notes: writer === undefined ? [] : [{ message: `written by '${writer.name}'`, span: locateNode(writer) }],
    });
  });
};

/** A path that is read under one name may be written under another. */
function producedPaths({ pipeline, project }: CheckContext): string[] {
  return pipeline.nodes.flatMap(({ outputs }) =>
    outputs.flatMap((name) => {
      const path = project.catalog.get(datasetName(name))?.path;
      return path === undefined ? [] : [plainPath(path).replace(/\/+$/, '')];
    }),
  );
}

function writerOf(name: string, { project }: CheckContext): Node | undefined {
  const all = [...project.pipelines.values()].flatMap(({ nodes }) => nodes);
  return all.find(({ outputs }) => outputs.some((output) => datasetName(output) === name));
}
