import { type Dataset, datasetName, isParameter } from '../model/project.ts';
import { outlivesContainer } from './outlives-container.ts';
import { plainPath } from './plain-path.ts';
import type { CheckContext } from './rule.ts';

export interface LocalInput {
  readonly dataset: Dataset;
  /** Without a leading `./` or `file://`: relative to the project's folder, or absolute. */
  readonly path: string;
}

/** What the plan's tasks read from their own disk, and none of them writes. */
export function localInputs(context: CheckContext): LocalInput[] {
  const { pipeline, project } = context;
  const written = new Set(pipeline.nodes.flatMap(({ outputs }) => outputs.map(datasetName)));
  const read = new Set(
    pipeline.nodes.flatMap(({ inputs }) => inputs.filter((name) => !isParameter(name)).map(datasetName)),
  );
  return [...read].flatMap((name) => {
    const dataset = project.catalog.get(name);
    if (dataset?.kind !== 'local' || dataset.path === undefined || written.has(name)) return [];
    if (outlivesContainer(dataset.path, context)) return [];
    return { dataset, path: plainPath(dataset.path) };
  });
}
