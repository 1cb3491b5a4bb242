import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deferred } from './deferred.ts';

/** JSON files below one folder, each written whole and atomically, a moment after its value changed. */
export interface Saver {
  /** Marks a file as changed; `value` is asked when it is written, so that many changes cost one write. */
  save(file: string, value: () => unknown): void;
  remove(file: string): void;
  read(file: string): unknown;
  /** The values of all files below this folder. */
  readAll(folder: string): unknown[];
  /** Writes what is waiting; false when that cannot be done. */
  flush(): boolean;
}

const DELAY_MS = 200;

export function openSaver(root: string, say: (line: string) => void): Saver {
  const waiting = new Map<string, () => unknown>();
  const writing = deferred({
    delayMs: DELAY_MS,
    say,
    write() {
      for (const [file, value] of waiting) {
        writeAtomically(join(root, file), JSON.stringify(value()));
        waiting.delete(file);
      }
    },
  });
  return {
    flush: writing.now,
    save(file, value) {
      waiting.set(file, value);
      writing.soon();
    },
    remove(file) {
      waiting.delete(file);
      rmSync(join(root, file), { force: true });
    },
    read: (file) => readJson(join(root, file)),
    readAll: (folder) =>
      filesBelow(join(root, folder))
        .filter((file) => file.endsWith('.json'))
        .map(readJson)
        .filter((value) => value !== undefined),
  };
}

export function writeAtomically(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${(error as Error).message}`);
  }
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
