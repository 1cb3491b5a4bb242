import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Dataset } from '../../model/project.ts';
import { commonPrefix } from '../common-prefix.ts';
import { outlivesContainer } from '../outlives-container.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** A container's disk is gone when it ends: a model or report written there is lost, with exit status 0. */
export const localPathOnFargate: Rule = (context) => {
  if (context.engine !== 'aws-fargate') return [];
  const { plan, project } = context;
  const { task_definition: usersFamily } = context.config.values.execution_engine;
  const readersOf = (name: string) => plan.boundaryDatasets.find((dataset) => dataset.name === name)?.consumers ?? [];
  return plan.tasks.flatMap((task) =>
    task.writes.flatMap((name) => {
      const dataset = project.catalog.get(name);
      if (dataset?.kind !== 'local' || dataset.path === undefined || outlivesContainer(dataset.path, context))
        return [];
      const mayBeMounted = usersFamily !== undefined && dataset.path.startsWith('/');
      return diagnostic('data/local-path-on-fargate', {
        ...(mayBeMounted ? { severity: 'warning' as const } : {}),
        message: `'${name}' is written to the container's own disk: '${dataset.path}'`,
        why: `${lossOf(readersOf(name))}${mayBeMounted ? `, unless '${usersFamily}' mounts a file system there` : ''}`,
        help: mends(dataset.path, context),
        span: context.locateDataset(dataset, dataset.pathKey),
        notes: [
          { message: `written in task '${task.name}'` },
          ...readersOf(name).map((reader) => ({ message: `read in task '${reader}'` })),
        ],
      });
    }),
  );
};

function lossOf(readers: readonly string[]): string {
  const lost = 'it is lost when the container ends, and the run would still succeed';
  return readers.length === 0 ? lost : `${lost}, or another task fails for want of it`;
}

/** Both ways out, each a line to copy. */
function mends(path: Dataset['path'] & string, { project, spill }: CheckContext): string {
  const plain = path.replace(/^\.\//, '');
  const folder = plain.includes('/') && !plain.startsWith('/') ? `${plain.split('/')[0]}/` : plain;
  const remote = [...project.catalog.values()]
    .map((dataset: Dataset) => dataset.path)
    .filter((other) => other?.startsWith('s3://'));
  const found = commonPrefix(remote as string[]) ?? spill?.replace(/\/spill\/?$/, '') ?? 's3://YOUR-BUCKET';
  // Data that is at s3://bucket/data already needs no second data/.
  const place = folder.endsWith('/') && `${found}/`.endsWith(`/${folder}`) ? found.slice(0, -folder.length) : found;
  return [
    'with no catalog edit, in wherry.yml:',
    `  paths: {"${folder}": "${place}/${folder.endsWith('/') ? folder : plain.replace(/^\/+/, '')}"}`,
    'or in the catalog:',
    `  filepath: ${place}/${plain.replace(/^\/+/, '')}`,
  ].join('\n');
}
