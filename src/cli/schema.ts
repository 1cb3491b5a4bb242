import { configJsonSchema } from '../config/json-schema.ts';
import { type CommandInput, EXIT } from './command.ts';

/** For the editor: completion and complaints while the settings are written. */
export async function schema({ host }: CommandInput): Promise<number> {
  host.out(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
  return EXIT.fine;
}
