import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';
import { usedDatasets } from '../used-datasets.ts';

/** Credentials that are here and not in the image: Kedro's template keeps every credentials file out of Git. */
export const credentialsLeftOut: Rule = (context) => {
  const { engine, project, image, locateDataset, filesOfCredentials } = context;
  const { env, baseEnv, confSource } = project;
  if (engine !== 'aws-fargate') return [];
  return usedDatasets(context).flatMap((dataset) => {
    const name = dataset.credentials;
    if (name === undefined || !project.credentials?.includes(name)) return [];
    const files = filesOfCredentials(name).filter((file) =>
      [env, baseEnv].some((folder) => file.startsWith(`${confSource}/${folder}/`)),
    );
    const reasons = files.map((file) => image.leftOutBy(file));
    const [file] = files;
    const [reason] = reasons;
    if (file === undefined || reason === undefined || reasons.includes(undefined)) return [];
    return diagnostic('image/credentials-left-out', {
      message: `'${dataset.writtenAs}' needs the credentials '${name}', and ${file}, which defines them, is kept out of the image by ${reason}`,
      why: 'Kedro ends when it opens the catalog, unless a hook of yours adds them',
      help: `for S3 give the entry no credentials in this environment: the task role has the rights. Else let ${reason} pass a file that reads them from variables, \${oc.env:NAME}, which execution_engine.secrets fills`,
      span: locateDataset(dataset, 'credentials'),
    });
  });
};
