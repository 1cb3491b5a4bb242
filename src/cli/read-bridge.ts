import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.ts';

/** The two programs that a container runs. */
export async function readBridge({
  packageRoot,
}: Pick<Host, 'packageRoot'>): Promise<{ step: string; bootstrap: string }> {
  const read = (name: string) => readFile(join(packageRoot, 'bridge', name), 'utf8');
  return { step: await read('step.py'), bootstrap: await read('bootstrap.py') };
}
