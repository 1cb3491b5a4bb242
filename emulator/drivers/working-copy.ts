import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from 'ignore';

// Never part of an image of a project, whatever .dockerignore says: history, environments, our own state, caches.
const NEVER = new Set(['.git', '.venv', 'node_modules', '.wherry', '__pycache__']);

/** Copies a folder as `COPY . .` would: without what its .dockerignore keeps out. `except` is a path to leave out. */
export async function copyWorkingFolder(options: { from: string; to: string; except: string }): Promise<void> {
  const ignored = dockerIgnore(await readFile(join(options.from, '.dockerignore'), 'utf8').catch(() => ''));
  await copyFolder('');

  async function copyFolder(inner: string): Promise<void> {
    const entries = await readdir(join(options.from, inner), { withFileTypes: true });
    if (!ignored.matches(inner)) await mkdir(join(options.to, inner), { recursive: true });
    for (const entry of entries) {
      const path = join(inner, entry.name);
      if (NEVER.has(entry.name) || join(options.from, path) === options.except) continue;
      if (entry.isDirectory()) {
        if (!ignored.matches(path) || ignored.hasExceptions) await copyFolder(path);
      } else if (!ignored.matches(path)) {
        await copyEntry(path, entry.isSymbolicLink());
      }
    }
  }

  async function copyEntry(path: string, isLink: boolean): Promise<void> {
    const target = join(options.to, path);
    if (ignored.hasExceptions) await mkdir(join(target, '..'), { recursive: true });
    if (isLink) await symlink(await readlink(join(options.from, path)), target);
    // A file system that can share blocks does; any other copies.
    else await copyFile(join(options.from, path), target, constants.COPYFILE_FICLONE);
  }
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * The rules of a .dockerignore (docs.docker.com/build/concepts/context/#dockerignore-files). They are not git's:
 * patterns are anchored at the root, the last one that matches a path or a folder above it decides, and so an
 * exception holds below an excluded folder too. Each pattern is therefore asked by itself.
 */
export function dockerIgnore(content: string): { matches(path: string): boolean; hasExceptions: boolean } {
  const rules = content
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '.' && !line.startsWith('#'))
    .map((line) => {
      const isException = line.startsWith('!');
      const pattern = line.slice(isException ? 1 : 0).trim();
      const anchored = `/${pattern.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')}`;
      return { isException, matcher: ignore({ ignorecase: false }).add(anchored) };
    });
  return {
    hasExceptions: rules.some((rule) => rule.isException),
    matches: (path) => path !== '' && !(rules.findLast((rule) => rule.matcher.ignores(path))?.isException ?? true),
  };
}
