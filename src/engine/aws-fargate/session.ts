import { deflateSync } from 'node:zlib';
import { isPlainKedro, plainCommand } from '../../fargate/plain-kedro.ts';
import { cpuUnits, OVERRIDES_LIMIT, runTaskRequest } from '../../fargate/run-task-request.ts';
import { runKey, under } from '../../fargate/step-command.ts';
import { attemptEnvironment, deliveryEnvironment } from '../../fargate/step-environment.ts';
import type { PlanTask } from '../../model/plan.ts';
import type { Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type {
  Attached,
  AttemptSpec,
  EarlierStart,
  EngineSession,
  Handle,
  LogPage,
  Observation,
  OpenRequest,
  StoppedObservation,
} from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';
import { freeze, type Launch } from './launch.ts';
import { endByMarker } from './markers.ts';
import type { FargateOptions, Services } from './options.ts';
import { refusalOf } from './refusal.ts';
import type { Definition } from './resolve-definition.ts';
import { StdoutEvents } from './stdout-events.ts';
import { endOf } from './stopped-task.ts';

export interface SessionParts {
  readonly options: FargateOptions;
  readonly request: OpenRequest;
  readonly services: Services;
  readonly launch: Launch;
}

/** ECS may not know a task for a moment after it was started. */
const UNKNOWN_FOR_MS = 60_000;

/**
 * For how long a token surely still means the task that it once started: ECS forgets it an hour after the task stopped,
 * which may have been at once (ECS API reference, ECS_Idempotency). A margin for clocks that differ.
 */
const TOKEN_HOLDS_MS = 50 * 60_000;

/** A run's tasks on one cluster. A handle is an ECS task ARN. */
export class FargateSession implements EngineSession {
  readonly particulars: EngineSession['particulars'];
  readonly capacity: number;
  readonly logLagMs: number;
  readonly frozen: EngineSession['frozen'];
  readonly #parts: SessionParts;
  readonly #attemptOf = new Map<Handle, AttemptSpec & { readonly askedAt: number }>();
  readonly #stdoutEvents = new StdoutEvents();

  constructor(parts: SessionParts) {
    const { options, launch } = parts;
    const { settings, definitions, spill } = launch;
    this.#parts = parts;
    this.capacity = options.capacity;
    this.logLagMs = options.logLagMs;
    this.frozen = freeze(launch);
    this.particulars = {
      region: options.account.region,
      cluster: settings.execution_engine.cluster ?? 'default',
      'task definition': definitions
        .map(([, { name, isNew }]) => `${name}${isNew ? ' (registered for this run)' : ''}`)
        .join(', '),
      ...(isPlainKedro(settings) ? { step: 'plain kedro run' } : {}),
      spill: spill ?? 'none: no done markers, and nothing may pass between tasks in memory',
    };
  }

  async start(spec: AttemptSpec): Promise<Result<Handle, Failure | ServiceTrouble>> {
    const { options, request, services, launch } = this.#parts;
    const task = this.#task(spec.task);
    const definition = this.#definition(task);
    const details = {
      engine: launch.settings.execution_engine,
      taskDefinitionArn: definition.arn,
      runId: request.runId,
      // The same attempt asked for twice is one ECS task, also after a crash of this process.
      clientToken: options.sha256(`${request.runId}|${spec.task}|${spec.attempt}`),
      command: isPlainKedro(launch.settings) ? plainCommand(task, request.plan, launch.settings) : launch.bootstrap,
      environment: this.#environment(task, spec),
      launch: spec.launch,
      containerLimits: definition.others && {
        cpu: cpuUnits(spec.launch.vcpu) - definition.others.cpu,
        memory: spec.launch.memoryMiB - definition.others.memory,
      },
    };
    const input = runTaskRequest(details);
    const length = JSON.stringify(input.overrides).length;
    if (length > OVERRIDES_LIMIT) {
      return failed<Failure>({
        reason: 'not-started',
        blame: 'user',
        detail: `what this task must be told is ${length} characters long and ECS takes ${OVERRIDES_LIMIT}: set 'spill', and it goes there instead`,
      });
    }
    const answer = await services.ecs.runTask(input);
    if (!answer.ok) return failed(refusalOf(answer.error));
    const { task: started, reasons } = answer.value;
    const arn = started?.taskArn;
    if (arn === undefined) return failed(refusalOf(reasons.join('; ') || 'ECS started nothing and gave no reason'));
    this.#attemptOf.set(arn, { ...spec, askedAt: options.now() });
    return ok(arn);
  }

  async attach(spec: AttemptSpec, { handle, askedAt }: EarlierStart): Promise<Result<Attached, ServiceTrouble>> {
    const known = handle === undefined ? await this.#findOrStart(spec, askedAt) : ok({ handle });
    if (known.ok && 'handle' in known.value) this.#attemptOf.set(known.value.handle, { ...spec, askedAt });
    return known;
  }

  async observe(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, Observation>, ServiceTrouble>> {
    if (handles.length === 0) return ok(new Map());
    const answer = await this.#parts.services.ecs.describeTasks(this.#cluster, handles);
    if (!answer.ok) return answer;
    const observations = new Map<Handle, Observation>();
    for (const task of answer.value)
      if (task.taskArn !== undefined) observations.set(task.taskArn, await this.#observation(task, task.taskArn));
    for (const handle of handles) {
      const attempt = this.#attemptOf.get(handle);
      if (observations.has(handle) || attempt === undefined || !this.#isOverdue(attempt.askedAt)) continue;
      const forgotten = await this.#forgotten(attempt);
      if (!forgotten.ok) return forgotten;
      observations.set(handle, forgotten.value);
    }
    return ok(observations);
  }

  async stop(handle: Handle, reason: string): Promise<Result<void, ServiceTrouble>> {
    return this.#parts.services.ecs.stopTask(this.#cluster, handle, reason);
  }

  async logs(handle: Handle, after: string | undefined): Promise<Result<LogPage, ServiceTrouble>> {
    const attempt = this.#attemptOf.get(handle);
    const log = attempt && this.#definition(this.#task(attempt.task)).log;
    if (log === undefined) return ok({ lines: [], cursor: undefined });
    const stream = `${log.prefix}/${this.#engine.container_name}/${handle.split('/').at(-1)}`;
    const page = await this.#parts.services.logs.read(log.group, stream, after);
    if (!page.ok) return page;
    return ok({
      lines: this.#stdoutEvents.takeFrom(handle, page.value.lines, this.#nonceOf(attempt)),
      cursor: page.value.nextToken,
    });
  }

  async close(): Promise<void> {
    for (const service of Object.values(this.#parts.services)) service.close();
  }

  get #cluster(): string {
    return this.#engine.cluster ?? 'default';
  }

  get #engine(): Launch['settings']['execution_engine'] {
    return this.#parts.launch.settings.execution_engine;
  }

  /** Nobody knows whether this attempt was started: what surely starts it once at most is done, and no more. */
  async #findOrStart(spec: AttemptSpec, askedAt: number): Promise<Result<Attached, ServiceTrouble>> {
    if (this.#parts.options.now() - askedAt > TOKEN_HOLDS_MS) return this.#find(spec);
    const started = await this.start(spec);
    if (started.ok) return ok({ handle: started.value });
    if (!('reason' in started.error)) return failed(started.error);
    return ok({ state: 'stopped', events: [], end: { exitCode: undefined, failure: started.error, times: {} } });
  }

  async #find(spec: AttemptSpec): Promise<Result<Attached, ServiceTrouble>> {
    const { ecs } = this.#parts.services;
    const listed = await ecs.listTasks(this.#cluster, this.#parts.request.runId);
    const tasks = listed.ok && listed.value.length > 0 ? await ecs.describeTasks(this.#cluster, listed.value) : ok([]);
    if (!listed.ok) return listed;
    if (!tasks.ok) return tasks;
    const handle = tasks.value.find((task) => isAttempt(task, spec, this.#engine.container_name))?.taskArn;
    return handle === undefined ? this.#forgotten(spec) : ok({ handle });
  }

  async #forgotten(attempt: AttemptSpec): Promise<Result<StoppedObservation, ServiceTrouble>> {
    const { services, launch, request } = this.#parts;
    const end = await endByMarker(attempt, { s3: services.s3, spill: launch.spill, runId: request.runId });
    return end.ok ? ok({ state: 'stopped', events: [], end: end.value }) : end;
  }

  #task(name: string): PlanTask {
    const task = this.#parts.request.plan.tasks.find((candidate) => candidate.name === name);
    if (task === undefined) throw new Error(`the plan has no task '${name}'`);
    return task;
  }

  #definition({ name, image }: PlanTask): Definition {
    const definition = this.#parts.launch.definitions.find(([of]) => of === image)?.[1];
    if (definition === undefined) throw new Error(`there is no definition for task '${name}' with image ${image}`);
    return definition;
  }

  #environment(task: PlanTask, { attempt }: AttemptSpec): Record<string, string> {
    const { launch, request } = this.#parts;
    const { runId, plan, saveVersion } = request;
    const nonce = this.#nonceOf({ task: task.name, attempt });
    return {
      ...deliveryEnvironment(task, { ...launch, plan, deflate }),
      ...(launch.spill === undefined && !isPlainKedro(launch.settings) ? { WHERRY_EVENTS: `stdout:${nonce}` } : {}),
      ...attemptEnvironment({ runId, task: task.name, attempt: String(attempt), saveVersion }),
      // A later attempt is started only when the ones before are known to be over.
      ...(attempt > 1 ? { WHERRY_TAKES_OVER: '1' } : {}),
    };
  }

  /** Marks the lines that are events, so that what user code prints is never taken for one. */
  #nonceOf(attempt: Pick<AttemptSpec, 'task' | 'attempt'> | undefined): string {
    const { options, request } = this.#parts;
    return options.sha256(`${request.runId}|${attempt?.task}|${attempt?.attempt}|events`).slice(0, 16);
  }

  async #observation(task: EcsTask, handle: Handle): Promise<Observation> {
    switch (task.lastStatus) {
      case 'RUNNING':
      case 'DEACTIVATING':
      case 'STOPPING':
      case 'DEPROVISIONING':
        return { state: 'running', startedAt: task.startedAt?.getTime(), events: this.#stdoutEvents.of(handle) };
      case 'STOPPED': {
        const events = await this.#events(handle);
        return {
          state: 'stopped',
          events,
          end: endOf(task, this.#engine.container_name, events),
        };
      }
      default:
        return { state: 'pending', events: [] };
    }
  }

  /** What the step reported, whole, once its container has ended. */
  async #events(handle: Handle): Promise<readonly StepEvent[]> {
    const { launch, services, request } = this.#parts;
    const { spill } = launch;
    const attempt = this.#attemptOf.get(handle);
    if (attempt === undefined) return [];
    if (spill === undefined) {
      await this.logs(handle, undefined);
      return this.#stdoutEvents.of(handle);
    }
    const key = runKey(request.runId, `tasks/${attempt.task}/events-${attempt.attempt}.jsonl`);
    const text = await services.s3.get(under(spill, key));
    const lines = text.ok ? (text.value ?? '').split('\n') : [];
    return lines.flatMap((line) => parseStepEvent(line) ?? []);
  }

  #isOverdue(askedAt: number): boolean {
    return this.#parts.options.now() - askedAt > UNKNOWN_FOR_MS;
  }
}

function deflate(text: string): string {
  return deflateSync(text).toString('base64');
}

function isAttempt({ overrides }: EcsTask, { task, attempt }: AttemptSpec, container: string): boolean {
  const environment = overrides?.containerOverrides?.find(({ name }) => name === container)?.environment ?? [];
  const has = (variable: string, text: string) =>
    environment.some(({ name, value }) => name === variable && value === text);
  return has('WHERRY_TASK', task) && has('WHERRY_ATTEMPT', String(attempt));
}
