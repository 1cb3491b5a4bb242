import type { LineSink } from './log-lines.ts';

/** What a driver is told of one container. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Undefined: the image's own. */
  readonly entryPoint: readonly string[] | undefined;
  /** What follows the entry point; empty when neither definition nor override has any. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What all its processes may have together. */
  readonly memoryMiB: number;
  /** What its task has; 1024 are one vCPU. */
  readonly cpuUnits: number;
  /** How long after SIGTERM it is killed. */
  readonly stopTimeoutMs: number;
  /** Takes every line that the container writes, standard output and standard error alike. */
  readonly onLine: LineSink;
}

/** A container that is made and not yet started. */
export interface Container {
  readonly runtimeId: string;
  /** Plain JSON by which `sweep` of a later emulator finds what this container left; asked again once it runs. */
  leftover(): unknown;
  /** Throws StartFailed. */
  start(): Promise<RunningContainer>;
  /** Removes all that the container had. Its processes must have ended. */
  remove(): Promise<void>;
}

/** How a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** Whether a process of it was killed because all together had more than `memoryMiB`. */
  readonly isOutOfMemory: boolean;
}

export interface RunningContainer {
  /** Settles once the container has ended and its last line is delivered. */
  readonly ended: Promise<ContainerEnd>;
  /** Asks it to end: SIGTERM, and SIGKILL after the grace, which is `stopTimeoutMs` unless a shorter one is given. */
  stop(graceMs?: number): void;
  /** SIGKILL at once. */
  kill(): void;
  /** Runs a command beside its first process, with its environment, and resolves to the exit code; 137 after the time. */
  execute(command: readonly string[], timeoutMs: number): Promise<number>;
}

/** A place where containers run. */
export interface Driver {
  /** Pulls the image and makes the container. Throws PullFailed when there is no such image. */
  create(spec: ContainerSpec): Promise<Container>;
  /** Ends and removes what the containers of an emulator that died left behind; knows its own leftovers from others'. */
  sweep(leftovers: readonly unknown[]): Promise<void>;
}

/** The image cannot be had. The message is what follows `CannotPullContainerError: `. */
export class PullFailed extends Error {}

/** The container cannot be started. The message is what follows `CannotStartContainerError: `. */
export class StartFailed extends Error {}
