import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { airflowK8sFiles } from '../config/layers.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Found, originOf } from '../init/found.ts';
import { recorder } from '../store/recorder.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { load } from './prepare.ts';

/**
 * What is there, and what keeps the project from being loaded. It is seen in the environment that is written for, or in base
 * where that is still to be made.
 */
export async function lookAtProject(
  root: string,
  options: GlobalOptions,
  host: Host,
): Promise<{ readonly found: Found; readonly diagnostics: readonly Diagnostic[] }> {
  const { confSource = 'conf', env = 'base' } = options;
  const record = recorder(host.env);
  const there = [env, 'base'].find((folder) => record.files.kind(join(root, confSource, folder)) === 'folder');
  const { env: _, ...others } = options;
  const loaded = await load(root, there === undefined ? others : { ...others, env: there }, { host, record });
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  const found = {
    project: loaded.kind === 'loaded' ? loaded.project : undefined,
    origin: await gitOrigin(root),
    hasDockerfile: record.files.kind(join(root, 'Dockerfile')) === 'file',
    airflowK8s: airflowK8sFiles({ root, confSource, env, files: record.files }),
  };
  return { found, diagnostics: loaded.diagnostics };
}

function gitOrigin(root: string): Promise<Found['origin']> {
  return new Promise((resolve) => {
    execFile('git', ['-C', root, 'remote', 'get-url', 'origin'], { timeout: 5000 }, (error, stdout) =>
      resolve(error === null ? originOf(stdout.trim()) : undefined),
    );
  });
}
