import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { datasetName, type Node } from '../../model/project.ts';
import { append } from '../../util/topological-order.ts';
import { commonPrefix } from '../common-prefix.ts';
import type { Rule } from '../rule.ts';

/** In-memory data dies with its container: it is kept under the spill location, and without one the run cannot work. */
export const memoryCrossesTasks: Rule = ({ plan, project, pipeline, config, spill, locateNode }) => {
  const spilled = plan.boundaryDatasets.filter(({ storage }) => storage === 'spill');
  const isSpillWrong = spill === undefined && config.locate(['spill']) !== undefined;
  if (spilled.length === 0 || isSpillWrong || isPlainKedro(config.values)) return [];
  const writerOf = new Map<string, Node>();
  const readersOf = new Map<string, Node[]>();
  for (const node of pipeline.nodes) {
    for (const output of node.outputs) writerOf.set(datasetName(output), node);
    for (const input of new Set(node.inputs.map(datasetName))) append(readersOf, input, node);
  }
  const help =
    spill === undefined
      ? askForSpill([...project.catalog.values()].map(({ path }) => path))
      : `it is kept under ${spill}, with no change to the catalog`;
  return spilled.map(({ name, producer, consumers }) => {
    const writer = writerOf.get(name);
    return diagnostic('data/memory-crosses-tasks', {
      severity: spill === undefined ? 'error' : 'note',
      message: `'${name}' is in memory only, written in task '${producer}' and read in ${consumers.map((task) => `'${task}'`).join(', ')}`,
      why:
        spill === undefined
          ? 'each task is a container of its own: the data is gone when the first one ends'
          : undefined,
      help,
      span: writer && locateNode(writer),
      notes: (readersOf.get(name) ?? []).map((reader) => ({
        message: `read by node '${reader.name}'`,
        span: locateNode(reader),
      })),
    });
  });
};

/** Proposes the catalog's common S3 prefix, or a placeholder: a place is never chosen silently. */
function askForSpill(paths: readonly (string | undefined)[]): string {
  const prefix = commonPrefix(paths.filter((path) => path !== undefined).filter((path) => path.startsWith('s3://')));
  return `say where to keep it, in wherry.yml:\n  spill: ${prefix ?? 's3://YOUR-BUCKET'}/spill`;
}
