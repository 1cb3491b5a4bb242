import { setMaxListeners } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessIdentity } from '../store/run-lock.ts';
import { steadyClock } from '../util/steady-clock.ts';

/** What the command line needs of the process it runs in. Tests make their own. */
export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The result. */
  out(text: string): void;
  /** Progress and complaints. */
  err(text: string): void;
  /** What only `-v` shows, a line or more. */
  tell(text: string): void;
  readonly hasColors: boolean;
  /** Where questions are asked; undefined where nobody would answer: no terminal, or a CI job that has one. */
  readonly terminal: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream } | undefined;
  /** Aborted when the user presses Ctrl-C or the process is asked to end. */
  readonly interrupted: AbortSignal;
  readonly now: () => number;
  /** Returns early, without an error, at the moment of an interruption, or when `early` resolves. */
  readonly sleep: (ms: number, early?: Promise<void>) => Promise<void>;
  /** Where `bridge/` and `dist/` are. */
  readonly packageRoot: string;
  /** This process. */
  readonly self: ProcessIdentity;
  /** Undefined where this machine cannot know. */
  isAlive(identity: ProcessIdentity): boolean | undefined;
}

/** The only place that touches `process`. */
export function realHost(): Host {
  // The SDK's advice on Node versions is for developers of the SDK's users, not for ours.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const controller = new AbortController();
  // Each pause is one.
  setMaxListeners(0, controller.signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Whoever asks a second time does not want to wait.
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  // A reader that has gone (`wherry logs | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));
  return {
    cwd: process.cwd(),
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    tell: () => {},
    hasColors: process.env['NO_COLOR'] === undefined && process.stderr.isTTY === true,
    terminal: isAnswered() ? { input: process.stdin, output: process.stderr } : undefined,
    interrupted: controller.signal,
    now: steadyClock(Date.now, () => performance.now()),
    sleep: (ms, early) => pause(ms, controller.signal, early),
    packageRoot: findPackageRoot(dirname(fileURLToPath(import.meta.url))),
    self: { host: hostname(), boot: bootId(), pid: process.pid, startedAt: startOf(process.pid) },
    isAlive,
  };
}

/** The words after the program's name. */
export const argv: readonly string[] = process.argv.slice(2);

/** Sets the exit status; where WHERRY_CPU_LOG names a file, adds a line with the CPU and memory that this process took. */
export function endOfProcess(status: number): void {
  process.exitCode = status;
  const log = process.env['WHERRY_CPU_LOG'];
  if (log === undefined) return;
  const { user, system } = process.cpuUsage();
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  appendFileSync(log, `${JSON.stringify({ process: 'cli', cpuSeconds: (user + system) / 1e6, peakMiB })}\n`);
}

function isAnswered(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env['CI'];
}

function pause(ms: number, interrupted: AbortSignal, early?: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      interrupted.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    interrupted.addEventListener('abort', done);
    void early?.then(done);
  });
}

function isAlive({ host, boot, pid, startedAt }: ProcessIdentity): boolean | undefined {
  if (host !== hostname()) return undefined;
  if (boot !== bootId()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // Without a start time the number may be another process's by now.
  return startedAt === undefined ? undefined : startedAt === startOf(pid);
}

/** Source of both: proc(5). Other systems have neither. */
function bootId(): string | undefined {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim();
}

/** The 22nd field, in clock ticks since boot; the second, a name, may hold spaces. Undefined for a process that has ended and only waits for its parent. */
function startOf(pid: number): string | undefined {
  const [state, ...fields] =
    readIfThere(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ') ?? [];
  return state === 'Z' ? undefined : fields[18];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function findPackageRoot(from: string): string {
  const isOurs = (folder: string) => {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name === 'wherry';
    } catch {
      return false;
    }
  };
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) if (isOurs(folder)) return folder;
  throw new Error(`there is no package.json of wherry above ${from}`);
}
