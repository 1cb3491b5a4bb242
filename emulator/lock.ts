import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface Lock {
  release(): void;
}

const POLL_MS = 200;

/** Takes the lock file, or says who holds it. The lock of a process that is gone counts for nothing. */
export function takeLock(path: string): Lock | { readonly heldBy: ProcessIdentity } {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identityOf(process.pid)));
  try {
    for (;;) {
      const holder = tryLink(own, path);
      if (!holder) return { release: () => rmSync(path, { force: true }) };
      if (isAlive(holder)) return { heldBy: holder };
      discard(path, holder);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

export async function waitForLock(path: string): Promise<Lock> {
  for (;;) {
    const lock = takeLock(path);
    if ('release' in lock) return lock;
    await sleep(POLL_MS);
  }
}

/** Undefined when the lock is ours; a link appears whole, with its content. */
function tryLink(own: string, path: string): ProcessIdentity | undefined {
  for (;;) {
    try {
      linkSync(own, path);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = read(path);
    if (holder) return holder;
  }
}

/** Removes the lock of a process that is gone, and of no other: somebody else may just have done the same. */
function discard(path: string, gone: ProcessIdentity): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const taken = read(aside);
  if (taken && (taken.pid !== gone.pid || taken.startedAt !== gone.startedAt)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function read(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Not a lock of ours: nobody holds it.
    return { pid: 0 };
  }
}
