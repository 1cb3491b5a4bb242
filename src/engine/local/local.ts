import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { manifestKey, runKey, under } from '../../fargate/step-command.ts';
import type { AttemptTimes, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type {
  AttemptSpec,
  Engine,
  EngineSession,
  Frozen,
  LogLine,
  LogPage,
  Observation,
  OpenRequest,
  StoppedObservation,
} from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';
import { failureOf } from '../step-failure.ts';
import { isThere, putFile } from './spill-files.ts';
import { makeWorkingCopy, type WorkingCopy } from './working-copy.ts';

export interface LocalOptions {
  /** The user's project. */
  readonly root: string;
  readonly python: string;
  /** The caller's PATH. */
  readonly path: string;
  /** The variables by which AWS's libraries find credentials: what a task role is in a container. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Path of `bridge/step.py`. */
  readonly step: string;
  /** A `file://` URL. */
  readonly spill: string;
  readonly now: () => number;
}

/** What a run goes on with after its process was gone. */
type Launch = Pick<LocalOptions, 'spill' | 'python'>;

/** How long a task that was asked to stop may take before it is killed; ECS's default. */
const STOP_TIMEOUT_MS = 30_000;

/** Runs each task as a process of its own in a fresh copy of the project: what a container would see, and no more. */
export function localEngine(options: LocalOptions): Engine {
  return {
    id: 'local',
    open: async (request) => {
      const { runId, plan, saveVersion, frozen } = request;
      const { spill, python } = (frozen as (Frozen & Launch) | undefined) ?? options;
      const content = { version: 1, runId, planHash: plan.planHash, saveVersion };
      await putFile(under(spill, manifestKey(plan.planHash)), JSON.stringify(plan));
      await putFile(under(spill, runKey(runId, 'run.json')), JSON.stringify(content));
      return ok(new LocalSession({ ...options, spill, python }, request));
    },
  };
}

interface Attempt {
  readonly child: ChildProcess;
  readonly copy: WorkingCopy;
  readonly events: StepEvent[];
  readonly lines: LogLine[];
  readonly times: AttemptTimes & { stoppedAt?: number };
  /** Set once process and pipes have closed. */
  ended: { exitCode: number; failure: Failure | undefined } | undefined;
  stopReason: string | undefined;
}

class LocalSession implements EngineSession {
  readonly particulars: EngineSession['particulars'];
  readonly capacity = availableParallelism();
  readonly logLagMs = 0;
  readonly frozen: Frozen;
  readonly #options: LocalOptions;
  readonly #request: OpenRequest;
  readonly #attempts = new Map<string, Attempt>();

  constructor(options: LocalOptions, request: OpenRequest) {
    this.#options = options;
    this.#request = request;
    this.frozen = { python: options.python, spill: options.spill } satisfies Launch;
    this.particulars = { python: options.python, spill: options.spill };
    process.once('exit', this.#killAll);
  }

  async start(spec: AttemptSpec) {
    const known = `${spec.task}/${spec.attempt}`;
    if (this.#attempts.has(known)) return ok(known);
    const made = await makeWorkingCopy(this.#options.root, this.#request.plan.confSource).catch(
      (error: Error) => error,
    );
    if (made instanceof Error)
      return failed<Failure>({
        reason: 'not-started',
        blame: 'user',
        detail: `the project could not be copied: ${made.message}`,
      });
    const copy = made;
    const child = spawn(this.#options.python, [this.#options.step], {
      cwd: copy.folder,
      env: this.#environment(spec, copy),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C in the terminal is for us to pass on, and a stop reaches what the task started.
      detached: true,
    });
    const now = this.#options.now();
    const attempt: Attempt = {
      child,
      copy,
      events: [],
      lines: [],
      times: { createdAt: now, billedFrom: now, startedAt: now },
      ended: undefined,
      stopReason: undefined,
    };
    this.#attempts.set(known, attempt);
    for (const stream of [child.stdout, child.stderr]) this.#keepLines(stream as Readable, attempt);
    createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
      const event = parseStepEvent(line);
      if (event !== undefined) attempt.events.push(event);
    });
    child.once('close', (code, signal) => void this.#end(attempt, code, signal));
    const spawned = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined));
      child.once('error', resolve);
    });
    if (spawned !== undefined) {
      await copy.remove();
      return failed<Failure>({ reason: 'not-started', blame: 'user', detail: spawned.message });
    }
    child.once('exit', () => endWithFirstProcess(child));
    return ok(known);
  }

  /** A task ends with the process that started it: it is done, or it is lost. */
  async attach({ task }: AttemptSpec): Promise<Result<StoppedObservation, never>> {
    const marker = under(this.#options.spill, runKey(this.#request.runId, `tasks/${task}/done.json`));
    const end = (await isThere(marker)) ? { exitCode: 0, failure: undefined } : { exitCode: undefined, failure: LOST };
    return ok({ state: 'stopped', events: [], end: { ...end, times: {} } });
  }

  async observe(handles: readonly string[]) {
    const observations = handles.flatMap((handle): [string, Observation][] => {
      const attempt = this.#attempts.get(handle);
      if (attempt === undefined) return [];
      const { events, ended, times } = attempt;
      if (ended === undefined) return [[handle, { state: 'running', startedAt: times.startedAt, events: [...events] }]];
      return [[handle, { state: 'stopped', events: [...events], end: { ...ended, times } }]];
    });
    return ok(new Map(observations));
  }

  async stop(handle: string, reason: string) {
    const attempt = this.#attempts.get(handle);
    if (attempt !== undefined && attempt.ended === undefined && attempt.stopReason === undefined) {
      attempt.stopReason = reason;
      signalGroup(attempt.child, 'SIGTERM');
      setTimeout(() => attempt.ended ?? signalGroup(attempt.child, 'SIGKILL'), STOP_TIMEOUT_MS).unref();
    }
    return ok(undefined);
  }

  async logs(handles: readonly string[]) {
    const pages = handles.map((handle): [string, LogPage] => [
      handle,
      { lines: this.#attempts.get(handle)?.lines.splice(0) ?? [], events: [] },
    ]);
    return ok(new Map(pages));
  }

  async close() {
    this.#killAll();
    process.removeListener('exit', this.#killAll);
    await Promise.all([...this.#attempts.values()].map(({ copy }) => copy.remove()));
  }

  /** What runs on this machine ends with whoever started it, also when the user does not want to wait. */
  readonly #killAll = () => {
    for (const { child, ended } of this.#attempts.values()) if (ended === undefined) signalGroup(child, 'SIGKILL');
  };

  /** Nothing of the caller's but what a container would have as well. */
  #environment({ task, attempt }: AttemptSpec, copy: WorkingCopy): Record<string, string> {
    const { runId, plan, saveVersion } = this.#request;
    const { python, path, credentials, root, spill } = this.#options;
    return {
      ...credentials,
      ...plan.tasks.find(({ name }) => name === task)?.env,
      // Where this machine has its programs: there is no image that would bring them.
      PATH: [dirname(python), path].join(delimiter),
      HOME: copy.folder,
      LANG: 'C.UTF-8',
      DO_NOT_TRACK: '1',
      PYTHONUNBUFFERED: '1',
      WHERRY_RUN_ID: runId,
      WHERRY_TASK: task,
      WHERRY_ATTEMPT: String(attempt),
      ...(this.#attempts.get(`${task}/${attempt - 1}`)?.ended === undefined ? {} : { WHERRY_TAKES_OVER: '1' }),
      WHERRY_PLAN: under(spill, manifestKey(plan.planHash)),
      WHERRY_SPILL: spill,
      WHERRY_EVENTS: 'fd:3',
      WHERRY_SAVE_VERSION: saveVersion,
      WHERRY_LOCAL_ROOT: root,
    };
  }

  #keepLines(stream: Readable, attempt: Attempt): void {
    createInterface({ input: stream }).on('line', (text) => attempt.lines.push({ at: this.#options.now(), text }));
  }

  async #end(attempt: Attempt, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0);
    attempt.times.stoppedAt = this.#options.now();
    await attempt.copy.remove();
    const detail = signal === null ? `exit status ${exitCode}` : `ended by ${signal}`;
    const failure: Failure | undefined =
      attempt.stopReason !== undefined && exitCode !== 0
        ? { reason: 'cancelled', blame: 'request', detail: attempt.stopReason }
        : failureOf(exitCode, attempt.events, detail);
    attempt.ended = { exitCode, failure };
  }
}

const LOST: Failure = {
  reason: 'lost',
  blame: 'platform',
  detail: 'it ended with the process that had started it',
};

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/** How long what is left in the pipes may take after the end. */
const DRAIN_MS = 1000;

/** A container ends with its first process, whatever else that started: the rest of the group must not hold the pipes open. */
function endWithFirstProcess(child: ChildProcess): void {
  signalGroup(child, 'SIGKILL');
  const drain = setTimeout(() => child.stdio.forEach((stream) => void stream?.destroy()), DRAIN_MS);
  child.once('close', () => clearTimeout(drain));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
