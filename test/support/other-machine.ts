import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A machine that has the project's settings, and nothing of its runs. */
export async function otherMachine(folder: string): Promise<{ folder: string } & AsyncDisposable> {
  const copy = await mkdtemp(join(tmpdir(), 'wherry-other-'));
  await cp(join(folder, 'conf'), join(copy, 'conf'), { recursive: true });
  return { folder: copy, [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }) };
}
