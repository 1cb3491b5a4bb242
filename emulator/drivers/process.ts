import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { identityOf, isAlive, type ProcessIdentity } from '../process-identity.ts';
import {
  type Container,
  type ContainerEnd,
  type ContainerSpec,
  type Driver,
  PullFailed,
  type RunningContainer,
  StartFailed,
} from './driver.ts';
import type { ImageSource } from './images.ts';
import { readLines } from './log-lines.ts';
import { MemoryWatch } from './memory-watch.ts';
import { copyWorkingFolder, removeFolder } from './working-copy.ts';

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface Leftover {
  readonly folder: string;
  readonly process?: ProcessIdentity;
}

// How long a process that left the container's group may hold its output open after the container has ended.
const DRAIN_MS = 1000;

/** Runs each container as a group of processes on this machine, in a copy of the folder that stands for its image. */
export function processDriver(images: ReadonlyMap<string, ImageSource>, stateDir: string): Driver {
  const memory = new MemoryWatch();
  return {
    async create(spec) {
      const image = images.get(spec.image);
      if (!image) throw new PullFailed(notMapped(spec.image));
      // Not below the project: tools that look for their settings in the folders above would find the user's.
      const folder = await mkdtemp(join(tmpdir(), 'wherry-container-'));
      try {
        await mkdir(join(folder, 'home'));
        await copyWorkingFolder({ from: image.dir, to: join(folder, 'work'), except: stateDir });
      } catch (error) {
        await removeFolder(folder);
        throw new PullFailed(`copying ${image.dir}: ${(error as Error).message}`);
      }
      return container({ spec, folder, image, memory });
    },
    async sweep(leftovers) {
      for (const { folder, process: identity } of leftovers.filter(isOurs)) {
        if (identity && isAlive(identity)) killGroup(identity.pid, 'SIGKILL');
        await removeFolder(folder);
      }
    },
  };
}

interface Made {
  readonly spec: ContainerSpec;
  readonly folder: string;
  readonly image: ImageSource;
  readonly memory: MemoryWatch;
}

function container(made: Made): Container {
  const { spec, folder } = made;
  let identity: ProcessIdentity | undefined;
  return {
    runtimeId: `${randomBytes(16).toString('hex')}-${String(randomBytes(4).readUInt32BE()).padStart(10, '0')}`,
    leftover: () => (identity ? { folder, process: identity } : { folder }),
    async start() {
      const child = await started([...(spec.entryPoint ?? []), ...spec.command], made);
      identity = identityOf(child.pid as number);
      return running(child, made);
    },
    remove: () => removeFolder(folder),
  };
}

/** What an image would set; the definition may set it otherwise. Nothing else of our own environment is passed on. */
function imageEnvironment(image: ImageSource, folder: string): Record<string, string> {
  // Where this machine has its programs: there is no image that would bring them.
  const system = process.env.PATH || '/usr/local/bin:/usr/bin:/bin';
  return {
    PATH: image.python ? `${dirname(image.python)}:${system}` : system,
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
  };
}

/** Starts a program in the container's folder, with its environment. Throws StartFailed. */
async function started([program, ...args]: readonly string[], { spec, folder, image }: Made): Promise<Child> {
  if (program === undefined) throw new StartFailed('no command specified');
  const child = spawn(program, args, {
    cwd: join(folder, 'work'),
    env: { ...imageEnvironment(image, folder), ...spec.environment },
    // A session of its own, so that all it starts can be signalled together.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) => reject(new StartFailed(reasonOf(error, program))));
  });
  return child;
}

function reasonOf({ code, message }: NodeJS.ErrnoException, program: string): string {
  if (code !== 'ENOENT' && code !== 'EACCES') return message;
  return `exec: "${program}": ${code === 'ENOENT' ? 'executable file not found in $PATH' : 'permission denied'}: unknown`;
}

function running(child: Child, made: Made): RunningContainer {
  const { spec, memory } = made;
  const group = child.pid as number;
  const limit = memory.limit(group, spec.memoryMiB * 2 ** 20);
  let kill: NodeJS.Timeout | undefined;
  const readers = [child.stdout, child.stderr].map((stream) => ({ stream, lines: readLines(stream, spec.onLine) }));
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => {
      clearTimeout(kill);
      limit.end();
      // A container ends with its first process, whatever else it started.
      killGroup(group, 'SIGKILL');
      resolve(exitCodeOf(code, signal));
    });
  });
  const ended = exited.then(async (exitCode): Promise<ContainerEnd> => {
    const drain = setInterval(() => {
      for (const { stream, lines } of readers) if (lines.isIdle()) stream.destroy();
    }, DRAIN_MS);
    await Promise.all(readers.map(({ lines }) => lines.done));
    clearInterval(drain);
    return { exitCode, isOutOfMemory: limit.isExceeded };
  });
  return {
    ended,
    execute: (command, timeoutMs) => executed(command, { made, timeoutMs }),
    stop(graceMs = spec.stopTimeoutMs) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      killGroup(group, 'SIGTERM');
      clearTimeout(kill);
      kill = setTimeout(() => killGroup(group, 'SIGKILL'), graceMs);
    },
    kill() {
      if (child.exitCode === null && child.signalCode === null) killGroup(group, 'SIGKILL');
    },
  };
}

/** A command that cannot be started counts as one that ended as a shell would say so. */
async function executed(
  command: readonly string[],
  { made, timeoutMs }: { made: Made; timeoutMs: number },
): Promise<number> {
  const child = await started(command, made).catch(() => undefined);
  if (!child) return 127;
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  const kill = setTimeout(() => killGroup(child.pid as number, 'SIGKILL'), timeoutMs);
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => {
      clearTimeout(kill);
      resolve(exitCodeOf(code, signal));
    }),
  );
}

const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + constants.signals[signal as NodeJS.Signals];

const isOurs = (leftover: unknown): leftover is Leftover =>
  typeof leftover === 'object' && leftover !== null && 'folder' in leftover && !('program' in leftover);

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The group has ended.
  }
}

function notMapped(image: string): string {
  return (
    `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found ` +
    `(map it: wherry emulate --image ${image}=DIR)`
  );
}
