import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VersionedText } from '../run/store.ts';
import { failed, ok } from '../util/result.ts';
import { diskTrouble } from './disk-trouble.ts';

/** How many versions are kept: a number of which the file is gone is out of date by more than these. */
const KEPT = 8;

/** False where a file of this name is there already. */
async function putWhole(folder: string, file: string, text: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const own = join(folder, `${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeFile(own, text);
    await link(own, file);
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && syscall === 'link') return false;
    throw error;
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

/**
 * A text in a folder of numbered files, of which the highest counts. A file appears whole, by a link that fails where the
 * number is taken: of two that write over the same version one succeeds, also over a network file system.
 */
export function versionedFile(folder: string): VersionedText {
  const path = (version: number) => join(folder, `${String(version).padStart(9, '0')}.json`);
  const versions = async () => {
    const names = await readdir(folder).catch(() => []);
    return names.flatMap((name) => (/^\d{9}\.json$/.test(name) ? Number.parseInt(name, 10) : [])).sort((a, b) => a - b);
  };
  const read: VersionedText['read'] = async () => {
    for (;;) {
      const newest = (await versions()).at(-1);
      if (newest === undefined) return ok(undefined);
      try {
        const [text, { mtimeMs }] = await Promise.all([readFile(path(newest), 'utf8'), stat(path(newest))]);
        return ok({ text, version: String(newest), ageMs: Date.now() - mtimeMs });
      } catch (error) {
        // A newer one has just replaced it.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        const trouble = diskTrouble(error);
        if (trouble === undefined) throw error;
        return failed(trouble);
      }
    }
  };
  return {
    read,
    write: async (text, over) => {
      const next = Number(over ?? 0) + 1;
      try {
        if (!(await putWhole(folder, path(next), text))) return ok(undefined);
      } catch (error) {
        const trouble = diskTrouble(error);
        if (trouble === undefined) throw error;
        return failed(trouble);
      }
      const all = await versions();
      const past = (all.at(-1) ?? next) - KEPT;
      await Promise.all(all.filter((version) => version <= past).map((version) => rm(path(version), { force: true })));
      // Whoever was slow found a number free that newer ones have left behind.
      return ok(next <= past ? undefined : String(next));
    },
  };
}
