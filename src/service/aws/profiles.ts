import { join } from 'node:path';
import { loadSharedConfigFiles } from '@smithy/core/config';

export interface Profile {
  readonly values: Values;
  /** Of its `services` section: `ecs.endpoint_url` … */
  readonly services: Values;
}

type Values = Readonly<Record<string, string | undefined>>;

export interface Profiles {
  readonly names: readonly string[];
  /** The two files, for a message. */
  readonly files: string;
  get(name: string): Profile | undefined;
}

/** The profiles of the AWS CLI's two files, of which the one with the credentials wins. Missing files have none. */
export async function readProfiles(variables: Values): Promise<Profiles> {
  const folder = join(variables['HOME'] ?? '', '.aws');
  const configFilepath = variables['AWS_CONFIG_FILE'] || join(folder, 'config');
  const filepath = variables['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ configFilepath, filepath });
  const names = [...Object.keys(configFile), ...Object.keys(credentialsFile)];
  const own = [...new Set(names)].filter((name) => !/^(services|sso-session)\./.test(name)).sort();
  return {
    names: own,
    files: `${configFilepath} or ${filepath}`,
    get: (name) => {
      if (!own.includes(name)) return undefined;
      const values = { ...configFile[name], ...credentialsFile[name] };
      return { values, services: configFile[`services.${values['services']}`] ?? {} };
    },
  };
}
