import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';

export async function projectFolder({ project }: GlobalOptions, host: Host): Promise<string> {
  const root = resolve(host.cwd, project ?? '.');
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`there is no folder ${root}`);
  return root;
}
