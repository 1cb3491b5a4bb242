import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { localInputs } from '../local-inputs.ts';
import type { CheckContext, IgnoreFile, Rule } from '../rule.ts';

/** What a container will look for and not find, because it is kept out of the image or never gets into it. */
export const leftOutOfImage: Rule = (context) =>
  context.engine === 'aws-fargate' ? [...inputs(context), ...envFolder(context)] : [];

function inputs(context: CheckContext): Diagnostic[] {
  return localInputs(context).flatMap(({ dataset, path }) => {
    const by = context.image.leftOutBy(path);
    if (by === undefined && !path.startsWith('/')) return [];
    const cause = by === undefined ? "which lies outside the project's folder" : `which ${by} keeps out of the image`;
    const other = by === undefined ? 'or let your Dockerfile bring it' : `or let ${by} pass it`;
    return diagnostic('image/input-left-out', {
      severity: severityOf(by),
      message: `'${dataset.name}' is read from '${dataset.path}', ${cause}`,
      why: 'the container would not find it',
      help: `put it on S3 (a line under 'paths' in wherry.yml does, with no catalog edit), ${other}`,
      span: context.locateDataset(dataset, dataset.pathKey),
    });
  });
}

function envFolder({ project, image, plan }: CheckContext): Diagnostic[] {
  const reason = image.envLeftOutBy;
  // A pipeline.yml's container reads no settings.
  if (reason === undefined || plan.programs !== undefined) return [];
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
function severityOf(reason: IgnoreFile | undefined): 'error' | 'warning' {
  return reason === '.dockerignore' ? 'error' : 'warning';
}
