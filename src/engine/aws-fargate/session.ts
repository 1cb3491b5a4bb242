import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { cpuUnits, OVERRIDES_LIMIT, runTaskRequest } from '../../fargate/run-task-request.ts';
import { runKey, under } from '../../fargate/step-command.ts';
import { attemptEnvironment, deliveryEnvironment, type StepDelivery } from '../../fargate/step-environment.ts';
import type { PlanTask } from '../../model/plan.ts';
import type { Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type { AttemptSpec, EngineSession, Handle, LogPage, Observation, OpenRequest } from '../engine.ts';
import { parseStepEvent } from '../parse-step-event.ts';
import type { FargateOptions, Services } from './options.ts';
import type { Definition, Definitions } from './resolve-definition.ts';
import { StdoutEvents } from './stdout-events.ts';
import { endOf } from './stopped-task.ts';

export interface SessionParts {
  readonly options: FargateOptions;
  readonly request: OpenRequest;
  readonly services: Services;
  readonly definitions: Definitions;
  readonly commandOf: (task: PlanTask) => readonly string[];
  readonly delivery: StepDelivery;
}

/** ECS may not know a task for a moment after it was started. */
const UNKNOWN_FOR_MS = 60_000;

/** A run's tasks on one cluster. A handle is an ECS task ARN. */
export class FargateSession implements EngineSession {
  readonly particulars: EngineSession['particulars'];
  readonly capacity: number;
  readonly logLagMs: number;
  readonly #parts: SessionParts;
  readonly #attemptOf = new Map<Handle, AttemptSpec & { readonly startedAt: number }>();
  readonly #stdoutEvents = new StdoutEvents();

  constructor(parts: SessionParts) {
    const { options, definitions } = parts;
    this.#parts = parts;
    this.capacity = options.capacity;
    this.logLagMs = options.logLagMs;
    this.particulars = {
      region: options.account.region,
      cluster: options.settings.execution_engine.cluster ?? 'default',
      'task definition': [...definitions.values()]
        .map(({ name, isNew }) => `${name}${isNew ? ' (registered for this run)' : ''}`)
        .join(', '),
      ...(isPlainKedro(options.settings) ? { step: 'plain kedro run' } : {}),
      spill: options.spill ?? 'none: no done markers, and nothing may pass between tasks in memory',
    };
  }

  async start(spec: AttemptSpec): Promise<Result<Handle, Failure | ServiceTrouble>> {
    const { options, request, services } = this.#parts;
    const task = this.#task(spec.task);
    const definition = this.#definition(task);
    const details = {
      engine: options.settings.execution_engine,
      taskDefinitionArn: definition.arn,
      runId: request.runId,
      // The same attempt asked for twice is one ECS task, also after a crash of this process.
      clientToken: options.sha256(`${request.runId}|${spec.task}|${spec.attempt}`),
      command: this.#parts.commandOf(task),
      environment: this.#environment(task, spec),
      vcpu: task.vcpu,
      memoryMiB: task.memoryMiB,
      containerLimits: definition.others && {
        cpu: cpuUnits(task.vcpu) - definition.others.cpu,
        memory: task.memoryMiB - definition.others.memory,
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
    if (!answer.ok) return answer;
    const arn = answer.value.task?.taskArn;
    if (arn === undefined)
      return failed<Failure>({
        reason: 'not-started',
        blame: 'platform',
        detail: answer.value.reasons.join('; ') || 'ECS started nothing and gave no reason',
      });
    this.#attemptOf.set(arn, { ...spec, startedAt: Date.now() });
    return ok(arn);
  }

  async observe(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, Observation>, ServiceTrouble>> {
    if (handles.length === 0) return ok(new Map());
    const answer = await this.#parts.services.ecs.describeTasks(this.#cluster, handles);
    if (!answer.ok) return answer;
    const observations = new Map<Handle, Observation>();
    for (const task of answer.value)
      if (task.taskArn !== undefined) observations.set(task.taskArn, await this.#observation(task, task.taskArn));
    for (const handle of handles)
      if (!observations.has(handle) && this.#isOverdue(handle)) observations.set(handle, LOST);
    return ok(observations);
  }

  async stop(handle: Handle, reason: string): Promise<Result<void, ServiceTrouble>> {
    return this.#parts.services.ecs.stopTask(this.#cluster, handle, reason);
  }

  async logs(handle: Handle, after: string | undefined): Promise<Result<LogPage, ServiceTrouble>> {
    const attempt = this.#attemptOf.get(handle);
    const log = attempt && this.#definition(this.#task(attempt.task)).log;
    if (log === undefined) return ok({ lines: [], cursor: undefined });
    const container = this.#parts.options.settings.execution_engine.container_name;
    const stream = `${log.prefix}/${container}/${handle.split('/').at(-1)}`;
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
    return this.#parts.options.settings.execution_engine.cluster ?? 'default';
  }

  #task(name: string): PlanTask {
    const task = this.#parts.request.plan.tasks.find((candidate) => candidate.name === name);
    if (task === undefined) throw new Error(`the plan has no task '${name}'`);
    return task;
  }

  #definition({ name, image }: PlanTask): Definition {
    const definition = this.#parts.definitions.get(image);
    if (definition === undefined) throw new Error(`there is no definition for task '${name}' with image ${image}`);
    return definition;
  }

  #environment(task: PlanTask, { attempt }: AttemptSpec): Record<string, string> {
    const { delivery, request } = this.#parts;
    const { runId, saveVersion } = request;
    const nonce = this.#nonceOf({ task: task.name, attempt });
    return {
      ...deliveryEnvironment(task, delivery),
      ...(delivery.spill === undefined && !isPlainKedro(delivery.settings) ? { WHERRY_EVENTS: `stdout:${nonce}` } : {}),
      ...attemptEnvironment({ runId, task: task.name, attempt: String(attempt), saveVersion }),
    };
  }

  /** Marks the lines that are events, so that what user code prints is never taken for one. */
  #nonceOf(attempt: AttemptSpec | undefined): string {
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
          end: endOf(task, this.#parts.options.settings.execution_engine.container_name, events),
        };
      }
      default:
        return { state: 'pending', events: [] };
    }
  }

  /** What the step reported, whole, once its container has ended. */
  async #events(handle: Handle): Promise<readonly StepEvent[]> {
    const { options, services, request } = this.#parts;
    const { spill } = options;
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

  #isOverdue(handle: Handle): boolean {
    const startedAt = this.#attemptOf.get(handle)?.startedAt;
    return startedAt === undefined || Date.now() - startedAt > UNKNOWN_FOR_MS;
  }
}

const LOST: Observation = {
  state: 'stopped',
  events: [],
  end: {
    exitCode: undefined,
    times: {},
    failure: { reason: 'lost', blame: 'platform', detail: 'ECS does not know the task any more' },
  },
};
