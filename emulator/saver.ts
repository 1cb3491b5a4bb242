import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** JSON files below one folder, each written whole and atomically, a moment after its value changed. */
export interface Saver {
  /** Marks a file as changed; `value` is asked when it is written, so that many changes cost one write. */
  save(file: string, value: () => unknown): void;
  remove(file: string): void;
  read(file: string): unknown;
  /** The values of all files below this folder. */
  readAll(folder: string): unknown[];
  /** Writes what is waiting. */
  flush(): void;
}

const DELAY_MS = 200;

export function openSaver(root: string): Saver {
  const waiting = new Map<string, () => unknown>();
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    for (const [file, value] of waiting) writeAtomically(join(root, file), JSON.stringify(value()));
    waiting.clear();
  }

  return {
    flush,
    save(file, value) {
      waiting.set(file, value);
      timer ??= setTimeout(flush, DELAY_MS).unref();
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
  writeFileSync(partial, content);
  renameSync(partial, path);
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
