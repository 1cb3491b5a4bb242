import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Container,
  type ContainerEnd,
  type ContainerSpec,
  type Driver,
  PullFailed,
  type RunningContainer,
  StartFailed,
} from './driver.ts';
import { readLines } from './log-lines.ts';
import { removeFolder } from './working-copy.ts';

export type Program = 'podman' | 'docker';

interface Leftover {
  readonly program: Program;
  readonly name: string;
  readonly folder: string;
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const LONGEST_POLL_MS = 200;

/**
 * Runs each container of its real image, by the command line of podman or docker. Which engine that talks to is for
 * the environment to say: DOCKER_HOST, CONTAINERS_CONF and the like.
 */
export function commandLineDriver(program: Program): Driver {
  return {
    async create(spec) {
      const name = `wherry-${randomBytes(8).toString('hex')}`;
      const { status, stderr } = await call(program, createWords(name, spec), { env: withoutOwn(spec.environment) });
      if (status !== 0) throw new PullFailed(lastLine(stderr));
      return container({ program, name, spec, folder: await mkdtemp(join(tmpdir(), 'wherry-container-')) });
    },
    async sweep(leftovers) {
      const ours = leftovers.filter(isOurs).filter((leftover) => leftover.program === program);
      if (ours.length === 0) return;
      const names = ours.map(({ name }) => name);
      // Removing alone would first ask it to stop, and wait.
      await call(program, ['kill', ...names]);
      await call(program, ['rm', '--force', ...names]);
      for (const { folder } of ours) await removeFolder(folder);
    },
  };
}

/**
 * A variable's value would be in the list of processes for all to see. Named alone it is taken from the environment of
 * the client, which needs some variables for itself.
 */
const OF_THE_CLIENT = /^(PATH|HOME|TMPDIR|(XDG|DOCKER|CONTAINERS?|LD)_.*)$/;

function createWords(name: string, spec: ContainerSpec): string[] {
  const environment = Object.entries(spec.environment).flatMap(([variable, value]) => [
    '--env',
    OF_THE_CLIENT.test(variable) ? `${variable}=${value}` : variable,
  ]);
  const [first, ...rest] = spec.entryPoint ?? [];
  return [
    'create',
    ...['--name', name],
    // The emulator listens on this machine's loopback addresses only.
    ...['--network', 'host'],
    ...['--memory', `${spec.memoryMiB}m`, '--memory-swap', `${spec.memoryMiB}m`],
    ...['--cpus', String(spec.cpuUnits / 1024)],
    ...environment,
    ...(first === undefined ? [] : ['--entrypoint', first]),
    spec.image,
    ...rest,
    ...spec.command,
  ];
}

const withoutOwn = (environment: ContainerSpec['environment']) =>
  Object.fromEntries(Object.entries(environment).filter(([variable]) => !OF_THE_CLIENT.test(variable)));

interface Made extends Leftover {
  readonly spec: ContainerSpec;
}

function container(made: Made): Container {
  const { program, name, folder } = made;
  return {
    runtimeId: name,
    leftover: (): Leftover => ({ program, name, folder }),
    start: () => start(made),
    async remove() {
      await call(program, ['rm', '--force', name]);
      await removeFolder(folder);
    },
  };
}

async function start(made: Made): Promise<RunningContainer> {
  const { program, name, spec, folder } = made;
  // A group of its own: Ctrl-C is for the emulator, and not for the client to pass on.
  const child = spawn(program, ['start', '--attach', name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: folder,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2000);
  });
  child.on('error', () => undefined);
  const attached = attach(child, spec);
  if (!(await untilStarted(made, attached))) throw new StartFailed(lastLine(said));
  let isAsked = false;
  return {
    ended: attached.then(() => endOf(made, isAsked)),
    execute: async (command, timeoutMs) => {
      const { status } = await call(program, ['exec', name, ...command], { timeoutMs });
      return status;
    },
    stop(graceMs = spec.stopTimeoutMs) {
      isAsked = true;
      void call(program, ['stop', '--time', String(Math.ceil(graceMs / 1000)), name]);
    },
    kill() {
      isAsked = true;
      void call(program, ['kill', name]);
    },
  };
}

/** Hands on every line; settles when the container has ended and the last one is taken. */
async function attach(
  { stdout, stderr }: ChildProcessByStdio<null, Readable, Readable>,
  { onLine }: ContainerSpec,
): Promise<void> {
  await Promise.all([stdout, stderr].map((stream) => readLines(stream, onLine).done));
}

/** True as soon as the container has run; false when it never will, for the client that starts it has ended. */
async function untilStarted(made: Made, attached: Promise<void>): Promise<boolean> {
  let isOver = false;
  void attached.then(() => {
    isOver = true;
  });
  for (let pause = 10; ; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
    const wasOver = isOver;
    if (await hasStarted(made)) return true;
    if (wasOver) return false;
    await Promise.race([sleep(pause), attached]);
  }
}

async function hasStarted(made: Made): Promise<boolean> {
  const inspected = await inspect(made);
  // An instant that is not set is in the year 1.
  return Date.parse(inspected?.State.StartedAt ?? '') > 0;
}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly StartedAt: string; readonly ExitCode: number; readonly OOMKilled: boolean };
}

/** Undefined for a container that somebody has removed. */
async function inspect({ program, name }: Made): Promise<Inspected | undefined> {
  const { status, stdout } = await call(program, ['inspect', '--type', 'container', name]);
  return status === 0 ? (JSON.parse(stdout) as Inspected[])[0] : undefined;
}

async function endOf(made: Made, isAsked: boolean): Promise<ContainerEnd> {
  const inspected = await inspect(made);
  if (inspected === undefined) return { exitCode: KILLED, isOutOfMemory: false };
  const { ExitCode: exitCode, OOMKilled: isSaid } = inspected.State;
  // A process of it that is killed need not be the first one, whose exit code is then of its own making.
  const isKilled =
    exitCode !== 0 && !isAsked && (existsSync(join(made.folder, 'oom')) || (await kernelKilled(inspected.Id)));
  const isOutOfMemory = isSaid || isKilled;
  return { exitCode, isOutOfMemory };
}

const KILLED = 137;

/**
 * Podman on cgroups v1 never says OOMKilled: its conmon writes a file `oom` into the folder where it was started, which
 * podman does not look for. The kernel's log names the container's cgroup, where one may read it.
 */
async function kernelKilled(id: string): Promise<boolean> {
  const { stdout } = await call('dmesg', []);
  return new RegExp(`oom_memcg=\\S*${id}`).test(stdout);
}

/** Runs a program to its end. One that is not there, or that does not end in time, has a status too. */
function call(
  program: string,
  words: readonly string[],
  { env = {}, timeoutMs = 0 }: { env?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
): Promise<Ended> {
  const options = {
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 26,
  } as const;
  return new Promise((resolve) => {
    execFile(program, words, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : KILLED;
      resolve({ status, stdout, stderr: error?.code === 'ENOENT' ? `there is no program ${program}` : stderr });
    });
  });
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

const isOurs = (leftover: unknown): leftover is Leftover =>
  typeof leftover === 'object' && leftover !== null && 'program' in leftover;
