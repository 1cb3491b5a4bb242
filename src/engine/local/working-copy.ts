import { constants } from 'node:fs';
import { cp, lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import ignore from 'ignore';
import { dockerIgnore } from '../../util/docker-ignore.ts';

/** Never part of a working copy, whatever the ignore files say: what tools keep beside the code. */
const NEVER = [
  '.git',
  '.venv',
  'venv',
  'node_modules',
  '.wherry',
  '__pycache__',
  '.pytest_cache',
  '.ipynb_checkpoints',
];

export interface WorkingCopy {
  readonly folder: string;
  /** Leaves behind what cannot be removed: the run has not failed for it. */
  remove(): Promise<void>;
}

/**
 * A fresh copy of the project, as an image would hold it: what `.dockerignore` keeps out is not there (without one,
 * what `.gitignore` does). The conf folder is whole: on this machine the user's own `conf/local` applies. On file
 * systems that can, the files share their blocks with the originals.
 */
export async function makeWorkingCopy(root: string, confSource: string): Promise<WorkingCopy> {
  const isLeftOut = await leftOut(root, confSource);
  const folder = await mkdtemp(join(tmpdir(), 'wherry-task-'));
  await cp(root, folder, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    verbatimSymlinks: true,
    filter: async (source) => !(await isLeftOut(relative(root, source))),
  });
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {}) };
}

async function leftOut(root: string, confSource: string): Promise<(path: string) => Promise<boolean>> {
  const read = (name: string) => readFile(join(root, name), 'utf8').catch(() => undefined);
  const dockers = await read('.dockerignore');
  const matcher = dockers === undefined ? ignore().add((await read('.gitignore')) ?? '') : dockerIgnore(dockers);
  const never = ignore().add(NEVER);
  const isConf = (path: string) => path === confSource || path.startsWith(`${confSource}/`);
  const isEntered = async (path: string) =>
    'hasExceptions' in matcher && matcher.hasExceptions && (await lstat(join(root, path))).isDirectory();
  return async (path) => {
    if (path === '' || isConf(path)) return false;
    return never.ignores(path) || (matcher.ignores(path) && !(await isEntered(path)));
  };
}
