import { deflateSync } from 'node:zlib';
import { isPlainKedro, plainCommand } from '../../fargate/plain-kedro.ts';
import { cpuUnits, OVERRIDES_LIMIT, runTaskRequest } from '../../fargate/run-task-request.ts';
import { attemptEnvironment, deliveryEnvironment } from '../../fargate/step-environment.ts';
import type { PlanTask } from '../../model/plan.ts';
import type { AttemptEnd, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import { isPassing, type ServiceTrouble } from '../../model/trouble.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import type { LogGroup } from '../../service/aws/logs.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import {
  type Attached,
  type AttemptSpec,
  type EarlierStart,
  type EngineSession,
  type Handle,
  type LogPage,
  type Observation,
  type OpenRequest,
  refused,
  type StoppedObservation,
} from '../engine.ts';
import { freeze, type Launch } from './launch.ts';
import { LogReader } from './log-reader.ts';
import { doneMarker, endByMarker } from './markers.ts';
import type { FargateOptions, Services } from './options.ts';
import { refusalOf } from './refusal.ts';
import type { Definition } from './resolve-definition.ts';
import { StepReports } from './step-reports.ts';
import { endOf } from './stopped-task.ts';

export interface SessionParts {
  readonly options: FargateOptions;
  readonly request: OpenRequest;
  readonly services: Services;
  readonly launch: Launch;
}

/** By how much this machine's clock, or that of another that began the run, may be ahead of AWS's. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** A line that comes later than its neighbours by so many times the usual lag is still read. */
const LATE_LAGS = 3;

/** A task is a minute or two in DEPROVISIONING. One that is stuck there is over all the same. */
const LEFT_OVER_AFTER_MS = 10 * 60_000;

/** ECS may not know for a moment a task that was just started, or that it has just described. */
const UNKNOWN_FOR_MS = 60_000;

/**
 * For how long ECS surely knows a task, and a token surely means the task that it once started: it forgets both an hour
 * after the task stopped, which may have been at once (ECS API reference, ECS_Idempotency). A margin for clocks that differ.
 */
const REMEMBERED_FOR_MS = 50 * 60_000;

/** A run's tasks on one cluster. A handle is an ECS task ARN. */
export class FargateSession implements EngineSession {
  readonly particulars: EngineSession['particulars'];
  readonly capacity: number;
  readonly logLagMs: number;
  readonly frozen: EngineSession['frozen'];
  readonly #parts: SessionParts;
  /** With the instant at which ECS surely knew it. */
  readonly #attemptOf = new Map<Handle, AttemptSpec & { readonly knownAt: number }>();
  readonly #tasks: ReadonlyMap<string, PlanTask>;
  readonly #logs: LogReader;
  readonly #reports: StepReports;

  constructor(parts: SessionParts) {
    const { options, launch } = parts;
    const { settings, definitions, spill } = launch;
    this.#parts = parts;
    this.#tasks = new Map(parts.request.plan.tasks.map((task) => [task.name, task]));
    const { logs, s3 } = parts.services;
    const lagMs = LATE_LAGS * options.logLagMs;
    this.#logs = new LogReader(logs, lagMs, (group) => options.say(groupIsMissing(group, options.account.region)));
    this.#reports = new StepReports({ s3, spill, runId: parts.request.runId, lagMs, now: options.now });
    this.capacity = options.capacity(settings.execution_engine.max_tasks);
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
      clientToken: options.sha256(tokenText(request.runId, spec)),
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
    this.#attemptOf.set(arn, { ...spec, knownAt: options.now() });
    return ok(arn);
  }

  async attach(
    spec: AttemptSpec,
    { handle, askedAt, isOver }: EarlierStart,
  ): Promise<Result<Attached, ServiceTrouble>> {
    const known = handle === undefined ? await this.#findOrStart(spec, askedAt) : ok({ handle });
    if (known.ok && 'handle' in known.value) {
      // What ECS did not know just now it was to know, or it is too old for that.
      const isKnown = handle === undefined || this.#isRemembered(askedAt);
      const knownAt = isKnown ? this.#parts.options.now() : Number.NEGATIVE_INFINITY;
      this.#attemptOf.set(known.value.handle, { ...spec, knownAt });
      this.#followLog(known.value.handle, askedAt - CLOCKS_DIFFER_MS);
      if (isOver) {
        this.#logs.ended(known.value.handle);
        this.#reports.ended(known.value.handle, spec);
      }
    }
    return known;
  }

  async observe(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, Observation>, ServiceTrouble>> {
    if (handles.length === 0) return ok(new Map());
    // Not when the answer was read: this machine may have slept in between.
    const now = this.#parts.options.now();
    const answer = await this.#parts.services.ecs.describeTasks(this.#cluster, handles);
    if (!answer.ok) return answer;
    const observed = await Promise.all(
      answer.value.map(async (task): Promise<[Handle, Observation]> => {
        const handle = task.taskArn ?? '';
        return [handle, await this.#observation(task, handle)];
      }),
    );
    const observations = new Map(observed);
    for (const handle of handles) {
      const attempt = this.#attemptOf.get(handle);
      if (attempt === undefined) continue;
      if (observations.has(handle)) this.#attemptOf.set(handle, { ...attempt, knownAt: now });
      if (observations.has(handle) || now - attempt.knownAt <= UNKNOWN_FOR_MS) continue;
      const forgotten = await this.#forgotten(attempt);
      if (!forgotten.ok) return forgotten;
      observations.set(handle, forgotten.value);
    }
    return ok(observations);
  }

  async stop(handle: Handle, reason: string): Promise<Result<void, ServiceTrouble>> {
    return this.#parts.services.ecs.stopTask(this.#cluster, handle, reason);
  }

  async logs(handles: readonly Handle[]): Promise<Result<ReadonlyMap<Handle, LogPage>, ServiceTrouble>> {
    const readFrom = this.#parts.options.now();
    const read = await this.#logs.read(handles);
    // Logs that may not be read are waited for by nobody.
    if (read.ok || !isPassing(read.error)) this.#reports.readUntil(readFrom);
    if (!read.ok) return read;
    const pages = new Map<Handle, LogPage>();
    for (const [handle, lines] of read.value)
      pages.set(handle, this.#reports.sift(handle, lines, this.#nonceOf(this.#attemptOf.get(handle))));
    for (const [handle, events] of await this.#reports.readEnded(handles))
      pages.set(handle, { lines: pages.get(handle)?.lines ?? [], events });
    return ok(pages);
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
    if (!this.#isRemembered(askedAt)) return this.#find(spec);
    const started = await this.start(spec);
    if (started.ok) return ok({ handle: started.value });
    if (!('reason' in started.error)) return failed(started.error);
    return ok(refused(started.error));
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
    const events = launch.spill === undefined ? ok([]) : await this.#reports.stored(attempt);
    if (!events.ok) return events;
    const place = { s3: services.s3, spill: launch.spill, runId: request.runId };
    const end = await endByMarker(attempt, place, events.value);
    return end.ok ? ok({ state: 'stopped', events: events.value, end: end.value }) : end;
  }

  #task(name: string): PlanTask {
    const task = this.#tasks.get(name);
    if (task === undefined) throw new Error(`the plan has no task '${name}'`);
    return task;
  }

  #definition({ name, image }: PlanTask): Definition {
    const definition = this.#parts.launch.definitions.find(([of]) => of === image)?.[1];
    if (definition === undefined) throw new Error(`there is no definition for task '${name}' with image ${image}`);
    return definition;
  }

  #environment(task: PlanTask, { attempt, takesOver }: AttemptSpec): Record<string, string> {
    const { launch, request } = this.#parts;
    const { runId, plan, saveVersion } = request;
    const nonce = this.#nonceOf({ task: task.name, attempt });
    return {
      ...deliveryEnvironment(task, { ...launch, plan, deflate }),
      ...(launch.spill === undefined && !isPlainKedro(launch.settings) ? { WHERRY_EVENTS: `stdout:${nonce}` } : {}),
      ...attemptEnvironment({ runId, task: task.name, attempt: String(attempt), saveVersion }),
      ...(takesOver ? { WHERRY_TAKES_OVER: '1' } : {}),
    };
  }

  /** Marks the lines that are events, so that what user code prints is never taken for one. */
  #nonceOf(attempt: Pick<AttemptSpec, 'task' | 'attempt'> | undefined): string {
    const { options, request } = this.#parts;
    return options.sha256(`${request.runId}|${attempt?.task}|${attempt?.attempt}|events`).slice(0, 16);
  }

  async #observation(task: EcsTask, handle: Handle): Promise<Observation> {
    const startedAt = task.startedAt?.getTime();
    const createdAt = task.createdAt?.getTime() ?? 0;
    switch (this.#isLeftOver(task) ? 'STOPPED' : task.lastStatus) {
      case 'RUNNING':
      case 'DEACTIVATING':
      case 'STOPPING':
      case 'DEPROVISIONING':
        // What ends without having begun never runs.
        if (startedAt === undefined) return { state: 'pending', events: [] };
        this.#followLog(handle, createdAt);
        return { state: 'running', startedAt, events: [] };
      case 'STOPPED':
        this.#followLog(handle, createdAt);
        this.#logs.ended(handle);
        return this.#ended(task, handle);
      default:
        return { state: 'pending', events: [] };
    }
  }

  #followLog(handle: Handle, from: number): void {
    const attempt = this.#attemptOf.get(handle);
    const log = attempt && this.#definition(this.#task(attempt.task)).log;
    if (log === undefined) return;
    const prefix = `${log.prefix}/${this.#engine.container_name}/`;
    const group = { name: log.group, region: log.region };
    this.#logs.follow(handle, { group, prefix, stream: `${prefix}${handle.split('/').at(-1)}`, from });
  }

  /** Whoever waits for an attempt that ended well does not wait for its reports; the verdict on one that failed does. */
  async #ended(task: EcsTask, handle: Handle): Promise<Observation> {
    const attempt = this.#attemptOf.get(handle);
    const container = this.#engine.container_name;
    const end = endOf(task, container, []);
    const isStored = this.#parts.launch.spill !== undefined;
    const isExplained = end.exitCode !== undefined && (isStored || isOfTheContainer(end));
    if (attempt === undefined || end.failure === undefined || (!isExplained && !mayBeDone(end))) {
      if (attempt !== undefined) this.#reports.ended(handle, attempt);
      return { state: 'stopped', events: [], end };
    }
    const events = await this.#reports.ofFailed(handle, attempt);
    const isDone = events !== undefined && mayBeDone(end) ? await this.#isDone(attempt, events) : false;
    if (events === undefined || isDone === undefined)
      return { state: 'running', startedAt: task.startedAt?.getTime(), events: [] };
    const known = this.#reportsFor(attempt) ? events : undefined;
    const verdict = isDone ? { ...end, exitCode: 0, failure: undefined } : endOf(task, container, known);
    return { state: 'stopped', events: isStored ? events : [], end: verdict };
  }

  /** Whether its step has done the task; undefined where that cannot be known now. */
  async #isDone({ task }: AttemptSpec, events: readonly StepEvent[]): Promise<boolean | undefined> {
    const { services, launch, request } = this.#parts;
    if (launch.spill === undefined)
      return events.some((event) => event.event === 'step-finished' && event.exitCode === 0);
    const marker = await doneMarker(task, { s3: services.s3, spill: launch.spill, runId: request.runId });
    if (marker.ok) return marker.value !== undefined;
    return isPassing(marker.error) ? undefined : false;
  }

  /** Whether what the step of this attempt reports can be known. */
  #reportsFor({ task }: AttemptSpec): boolean {
    const { spill, settings } = this.#parts.launch;
    if (isPlainKedro(settings)) return false;
    return spill !== undefined || this.#definition(this.#task(task)).log !== undefined;
  }

  /** Its containers are gone for long, and only its network is still to be taken down. */
  #isLeftOver({ lastStatus, executionStoppedAt }: EcsTask): boolean {
    const stoppedAt = executionStoppedAt?.getTime() ?? Number.POSITIVE_INFINITY;
    return lastStatus === 'DEPROVISIONING' && this.#parts.options.now() - stoppedAt > LEFT_OVER_AFTER_MS;
  }

  #isRemembered(askedAt: number): boolean {
    const age = this.#parts.options.now() - askedAt;
    // Of what was asked for in the future, by a clock that was set back since, nobody knows how old it is.
    return age >= -CLOCKS_DIFFER_MS && age <= REMEMBERED_FOR_MS;
  }
}

/** What took it away may have come when its work was done: the two minutes of Spot are enough for many a task. */
/** Its container's own end, of which what it printed may say more. */
function isOfTheContainer({ failure }: AttemptEnd): boolean {
  return failure?.blame === 'user' || failure?.reason === 'not-started';
}

function mayBeDone({ failure, exitCode, times }: AttemptEnd): boolean {
  if (times.startedAt === undefined) return false;
  switch (failure?.reason) {
    case 'interrupted':
    case 'lost':
      return exitCode === 0 || exitCode === undefined;
    case 'cancelled':
      return exitCode === 0;
    default:
      return false;
  }
}

/**
 * The same attempt asked for twice is one ECS task, also after a crash of this process. A refusal by `failures` is kept
 * with its token too, and answered again for a day (ECS API reference, ECS_Idempotency): after one the token is another.
 */
function tokenText(runId: string, { task, attempt, refusals }: AttemptSpec): string {
  return [runId, task, attempt, ...(refusals > 0 ? [refusals] : [])].join('|');
}

function groupIsMissing({ name, region }: LogGroup, usual: string): string {
  return `there is no log group '${name}' in ${region ?? usual}: lines of the tasks that log to it are not shown. Whoever registers the task definition makes it: aws logs create-log-group --log-group-name ${name} --region ${region ?? usual}`;
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
