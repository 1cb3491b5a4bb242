import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from './python-env.ts';

export const root = join(import.meta.dirname, '..', '..');
export const EXAMPLE = join(root, 'examples', 'bike-hire');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built command line as a user would. */
export function startWherry(
  words: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const { AWS_ENDPOINT_URL: _, AWS_REGION: __, AWS_DEFAULT_REGION: ___, ...own } = process.env;
  const child = spawn(process.execPath, [join(root, 'bin', 'wherry'), ...words], {
    env: { ...own, DO_NOT_TRACK: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
  return { child, ended };
}

export function wherry(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return startWherry(words, env).ended;
}

/** The Python of the example, which has Kedro, pandas and s3fs. */
export function examplePython(): Promise<string> {
  return pythonEnv(join('..', 'examples', 'bike-hire', '.venv'), join(EXAMPLE, 'requirements.txt'));
}

/** A project of one's own to run in: a copy that is removed at the end. */
export async function projectCopy(folder: string): Promise<{ folder: string } & AsyncDisposable> {
  const copy = await mkdtemp(join(tmpdir(), 'wherry-test-'));
  await cp(folder, copy, {
    recursive: true,
    filter: (path) => !/[/](\.venv|\.wherry|__pycache__)([/]|$)/.test(path.slice(folder.length)),
  });
  return { folder: copy, [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true, maxRetries: 3 }) };
}

export function tinyProject() {
  return projectCopy(join(root, 'test', 'fixtures', 'tiny'));
}
