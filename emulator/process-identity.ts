import { readFileSync } from 'node:fs';

/** A process beyond the reuse of its number: where the system says when it started, that is part of it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt?: string;
}

export function identityOf(pid: number): ProcessIdentity {
  const startedAt = startOf(pid);
  return startedAt === undefined ? { pid } : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return identity.startedAt === undefined || identity.startedAt === startOf(identity.pid);
}

// proc(5): the 22nd field is the start time in clock ticks since boot; the second, a name, may hold spaces.
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}
