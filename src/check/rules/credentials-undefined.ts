import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';
import { usedDatasets } from '../used-datasets.ts';

/** Credentials by a name that the environment does not define. `conf/local` is read only where no other environment is asked for. */
export const credentialsUndefined: Rule = (context) => {
  const { project, locateDataset, filesOfCredentials } = context;
  const { credentials, env, baseEnv, confSource } = project;
  if (credentials === undefined) return [];
  return usedDatasets(context).flatMap((dataset) => {
    const name = dataset.credentials;
    if (name === undefined || name === INLINE || credentials.includes(name)) return [];
    const elsewhere = filesOfCredentials(name);
    return diagnostic('data/credentials-undefined', {
      message: `'${dataset.writtenAs}' needs the credentials '${name}', which the environment '${env}' does not define`,
      why: 'Kedro ends when it opens the catalog, unless a hook of yours adds them',
      help:
        elsewhere.length > 0
          ? `${elsewhere.join(', ')} has them and is not read here: define '${name}' in ${confSource}/${env} or ${confSource}/${baseEnv}, or give the entry none in this environment`
          : `define '${name}' in ${confSource}/${env}/credentials.yml${credentials.length > 0 ? `, or name one of ${credentials.map((known) => `'${known}'`).join(', ')}` : ''}; a container's S3 rights come from its task role, without credentials`,
      span: locateDataset(dataset, 'credentials'),
    });
  });
};

/** What the bridge says for credentials that stand in the catalog itself. */
export const INLINE = '<inline>';
