import { existsSync, readdirSync, readFileSync } from 'node:fs';

const hasProc = existsSync('/proc/self/status');

/** A container whose processes together may have so much memory and no more. */
export interface MemoryLimit {
  /** Whether one of its processes was killed for it. */
  readonly isExceeded: boolean;
  end(): void;
}

interface Watched {
  readonly session: number;
  readonly limitBytes: number;
  isExceeded: boolean;
}

interface Process {
  readonly pid: number;
  readonly bytes: number;
}

const SHORTEST_PAUSE_MS = 50;
/** Looking takes up to so much of a processor. On a busy machine it takes long and costs no more. */
const SHARE = 0.05;

/**
 * Kills, as the kernel does for a cgroup, the largest process of a container that has more memory than it may. It looks
 * every now and then, so a container is above its limit for a moment; and only where there is a /proc.
 */
export class MemoryWatch {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** `session` is the process id of the container's first process, whose descendants are in its session. */
  limit(session: number, limitBytes: number): MemoryLimit {
    const watched: Watched = { session, limitBytes, isExceeded: false };
    if (hasProc) this.#watched.add(watched);
    this.#timer ??= setTimeout(this.#look, SHORTEST_PAUSE_MS);
    return {
      get isExceeded() {
        return watched.isExceeded;
      },
      end: () => {
        this.#watched.delete(watched);
      },
    };
  }

  readonly #look = () => {
    this.#timer = undefined;
    if (this.#watched.size === 0) return;
    const before = process.cpuUsage();
    const pids = processesBySession();
    for (const watched of this.#watched) enforce(watched, pids.get(watched.session) ?? []);
    const { user, system } = process.cpuUsage(before);
    const costMs = (user + system) / 1000;
    this.#timer = setTimeout(this.#look, Math.max(SHORTEST_PAUSE_MS, costMs / SHARE));
  };
}

function enforce(watched: Watched, pids: readonly number[]): void {
  const processes = pids.map(
    (pid): Process => ({ pid, bytes: sum('status', pid, /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm) }),
  );
  if (total(processes) <= watched.limitBytes) return;
  // Pages that forked processes share were counted once for each. The exact figure costs more to get.
  const exact = pids.map(
    (pid): Process => ({ pid, bytes: sum('smaps_rollup', pid, /^Pss_(?:Anon|Shmem):\s+(\d+) kB$/gm) }),
  );
  if (total(exact) <= watched.limitBytes) return;
  const largest = exact.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  watched.isExceeded = true;
  try {
    process.kill(largest.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const total = (processes: readonly Process[]): number => processes.reduce((bytes, process) => bytes + process.bytes, 0);

/** What the lines of a file of a process say together, in bytes. */
function sum(file: 'status' | 'smaps_rollup', pid: number, lines: RegExp): number {
  const amounts = [...read(`/proc/${pid}/${file}`).matchAll(lines)];
  return amounts.reduce((kib, [, amount]) => kib + Number(amount), 0) * 1024;
}

function processesBySession(): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // proc(5): behind the command's name in brackets come state, parent, group and session.
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    const pids = found.get(session);
    if (pids) pids.push(Number(name));
    else found.set(session, [Number(name)]);
  }
  return found;
}

/** Empty for a process that has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
