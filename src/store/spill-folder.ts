import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok } from '../util/result.ts';
import type { SpillObjects } from './spilled-data.ts';

/** A spill location on this machine, by its `file://` URL. Prefixes end with a slash. */
export function spillFolder(url: string): SpillObjects {
  const root = fileURLToPath(url);
  return {
    get: async (key) => ok(await readFile(join(root, key), 'utf8').catch(() => undefined)),
    list: async (prefix) => {
      const entries = await readdir(join(root, prefix), { recursive: true, withFileTypes: true }).catch(() => []);
      const files = entries.filter((entry) => !entry.isDirectory());
      return ok(files.map(({ path, name }) => relative(root, join(path, name)).split(sep).join('/')));
    },
    remove: async (keys) => {
      await Promise.all(keys.map((key) => rm(join(root, key), { force: true })));
      return ok(undefined);
    },
  };
}
