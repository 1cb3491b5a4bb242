import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { airflowK8sFiles } from '../config/layers.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Found, originOf } from '../init/found.ts';
import { recorder } from '../store/recorder.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { load } from './prepare.ts';

/** What is there, and what keeps the project from being loaded. An environment that is still to be made is seen as base. */
export async function lookAtProject(
  root: string,
  options: GlobalOptions,
  host: Host,
): Promise<{ readonly found: Found; readonly diagnostics: readonly Diagnostic[] }> {
  const { confSource = 'conf', env = 'base' } = options;
  const isNew = (await stat(join(root, confSource, env)).catch(() => undefined)) === undefined;
  const record = recorder(host.env);
  const loaded = await load(root, isNew ? { ...options, env: 'base' } : options, { host, record });
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  const dockerfile = await stat(join(root, 'Dockerfile')).catch(() => undefined);
  const found = {
    project: loaded.kind === 'loaded' ? loaded.project : undefined,
    origin: await gitOrigin(root),
    hasDockerfile: dockerfile?.isFile() ?? false,
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
