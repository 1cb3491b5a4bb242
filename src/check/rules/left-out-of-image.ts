import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { datasetName, isParameter } from '../../model/project.ts';
import { isRemapped } from '../remapped.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** What a container will look for and not find, because an ignore file keeps it out of the image. */
export const leftOutOfImage: Rule = (context) =>
  context.engine === 'aws-fargate' ? [...inputs(context), ...envFolder(context)] : [];

function inputs({ pipeline, project, plan, image, locateDataset }: CheckContext): Diagnostic[] {
  const written = new Set(pipeline.nodes.flatMap(({ outputs }) => outputs.map(datasetName)));
  const read = new Set(
    pipeline.nodes.flatMap((node) => node.inputs.filter((name) => !isParameter(name)).map(datasetName)),
  );
  return [...read].flatMap((name) => {
    const dataset = project.catalog.get(name);
    if (dataset?.kind !== 'local' || dataset.path === undefined || written.has(name)) return [];
    const reason = isRemapped(dataset.path, plan.paths) ? undefined : image.leftOutBy(dataset.path);
    if (reason === undefined) return [];
    return diagnostic('image/input-left-out', {
      severity: severityOf(reason),
      message: `'${name}' is read from '${dataset.path}', which ${reason} keeps out of the image`,
      why: 'the container would not find it',
      help: `put it on S3 (a line under 'paths' in wherry.yml does, with no catalog edit), or let ${reason} pass it`,
      span: locateDataset(dataset, dataset.pathKey),
    });
  });
}

function envFolder({ project, image, pipeline }: CheckContext): Diagnostic[] {
  const reason = image.envLeftOutBy;
  // A pipeline.yml's container reads no settings.
  if (reason === undefined || pipeline.nodes.some(({ program }) => program !== undefined)) return [];
  const folder = `${project.confSource}/${project.env}`;
  return [
    diagnostic('image/env-left-out', {
      severity: severityOf(reason),
      message: `${folder} is kept out of the image by ${reason}`,
      why: 'Kedro ends with a MissingConfigException where the folder of its environment is not there',
      help: `let ${reason} pass one file of it, such as !${folder}/.gitkeep, or run with another -e`,
    }),
  ];
}

/** What Docker does not copy is surely not there; what Git does not keep may be, where the image is built here. */
function severityOf(reason: '.dockerignore' | '.gitignore'): 'error' | 'warning' {
  return reason === '.dockerignore' ? 'error' : 'warning';
}
