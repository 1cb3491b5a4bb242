import { type Dataset, datasetName, isParameter } from '../model/project.ts';
import type { CheckContext } from './rule.ts';

/** Every entry of the catalog that a node of the plan reads or writes, those with a transcoding suffix each for itself. */
export function usedDatasets({ pipeline, project }: Pick<CheckContext, 'pipeline' | 'project'>): Dataset[] {
  const written = new Set(pipeline.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  return [...written].flatMap((name) => {
    const base = datasetName(name);
    const variant = project.transcoded.get(base)?.find(({ writtenAs }) => writtenAs === name);
    return isParameter(name) ? [] : (variant ?? project.catalog.get(base) ?? []);
  });
}
