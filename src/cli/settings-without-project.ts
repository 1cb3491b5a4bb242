import { loadConfig } from '../config/load-config.ts';
import type { ConfigValues } from '../config/schema.ts';
import { recorder } from '../store/recorder.ts';
import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';
import { projectFolder } from './project-folder.ts';

/** The settings as far as they can be read without the project's Python, which alone knows a conf folder or env of another name. */
export async function settingsWithoutProject(options: GlobalOptions, host: Host): Promise<ConfigValues> {
  const { config } = loadConfig({
    root: await projectFolder(options, host),
    confSource: options.confSource ?? 'conf',
    env: options.env ?? host.env['KEDRO_ENV'] ?? 'local',
    file: options.configFile,
    ...recorder(host.env),
  });
  return config.values;
}
