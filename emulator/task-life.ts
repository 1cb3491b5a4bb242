import { randomBytes } from 'node:crypto';
import { sha256 } from './canonical.ts';
import { epochSeconds } from './clock.ts';
import { Bell, inStartOrder, inStopOrder } from './container-order.ts';
import { type Container, type ContainerEnd, PullFailed, type RunningContainer, StartFailed } from './drivers/driver.ts';
import { watchHealth } from './health.ts';
import { type LogDelivery, logDelivery } from './log-delivery.ts';
import { type EcsContainer, type EcsTask, saveTask, type TaskRecord, type World } from './state.ts';
import { type LogPlace, type Planned, plannedContainers } from './task-specs.ts';

// What Fargate takes for its own part of a task's life, in seconds. The first four are those of the sample task whose
// events AmazonECS/latest/developerguide/ecs_task_events.html shows; the others are guesses of the same order.
const SECONDS = {
  provisioning: 10,
  pending: 0.5,
  pull: 9,
  start: 0.8,
  deactivating: 1,
  stopping: 0.5,
  deprovisioning: 10,
};

/** How long containers have from SIGTERM to SIGKILL when the emulator itself ends. */
const HALT_GRACE_MS = 2000;

interface Part {
  readonly plan: Planned;
  readonly shown: EcsContainer;
  log?: LogDelivery | undefined;
  made?: Container;
  running?: RunningContainer;
  end?: ContainerEnd;
}

interface Context {
  readonly record: TaskRecord;
  readonly task: EcsTask;
  readonly parts: readonly Part[];
  /** Rung at every change of a part. */
  readonly bell: Bell;
  readonly world: World;
  readonly stop: AbortSignal;
}

/** Why a task never ran, in the words that `stoppedReason` and a container's `reason` take. */
class FailedToStart extends Error {
  readonly container: string | undefined;
  readonly containerReason: string | undefined;

  constructor(reason: string, container?: { name: string; reason: string }) {
    super(reason);
    this.container = container?.name;
    this.containerReason = container?.reason;
  }
}

/** Sets a task that RunTask made on its way; the task is STOPPED when its `over` settles. */
export function begin(record: TaskRecord, world: World): void {
  const stop = new AbortController();
  const secret = randomBytes(24).toString('base64url');
  const plans = plannedContainers(record, { secret, world });
  const parts = record.task.containers.map((shown, index) => ({ shown, plan: plans[index] as Planned }));
  const bell = new Bell();
  stop.signal.addEventListener('abort', () => bell.ring());
  const context: Context = { record, task: record.task, parts, bell, world, stop: stop.signal };
  const over = live(context).finally(() => world.lives.delete(record.id));
  world.lives.set(record.id, { stop, secret, over });
}

/** Asks a task to stop, for the first reason given. */
export function requestStop(record: TaskRecord, world: World, why: { code: string; reason: string }): void {
  if (record.task.desiredStatus === 'STOPPED') return;
  change(
    { record, task: record.task, world },
    { desiredStatus: 'STOPPED', stopCode: why.code, stoppedReason: why.reason },
  );
  world.lives.get(record.id)?.stop.abort();
}

/** AmazonECS/latest/developerguide/task-lifecycle-explanation.html: the states, in this order. */
async function live(context: Context): Promise<void> {
  const { world, stop } = context;
  try {
    await world.clock.pause(SECONDS.provisioning, stop);
    if (!stop.aborted) attachInterface(context);
    await world.clock.pause(SECONDS.pending, stop);
    if (!stop.aborted) await activate(context);
    if (!stop.aborted) await untilEssentialEnds(context);
  } catch (error) {
    failToStart(context, error);
  }
  await windDown(context);
}

function attachInterface(context: Context): void {
  const { task } = context;
  const [attachment] = task.attachments;
  if (attachment) {
    const digest = Buffer.from(sha256(attachment.id), 'hex');
    const address = `10.${digest[0]}.${digest[1]}.${digest[2]}`;
    attachment.status = 'ATTACHED';
    attachment.details.push(
      { name: 'networkInterfaceId', value: `eni-${digest.toString('hex').slice(0, 17)}` },
      { name: 'macAddress', value: `0a:${digest.toString('hex', 0, 5).replace(/..(?=.)/g, '$&:')}` },
      { name: 'privateDnsName', value: `ip-${address.replaceAll('.', '-')}.${context.world.region}.compute.internal` },
      { name: 'privateIPv4Address', value: address },
    );
    for (const container of task.containers) {
      container.networkInterfaces = [{ attachmentId: attachment.id, privateIpv4Address: address }];
    }
  }
  change(context, {
    lastStatus: 'PENDING',
    connectivity: 'CONNECTED',
    connectivityAt: epochSeconds(context.world.clock),
  });
}

async function activate(context: Context): Promise<void> {
  const { world, stop, parts } = context;
  change(context, { lastStatus: 'ACTIVATING' });
  for (const part of parts) prepareInputs(part, world);
  change(context, { pullStartedAt: epochSeconds(world.clock) });
  const made = await Promise.allSettled(parts.map((part) => create(part, context)));
  // Only now, when none is still being made, can those that were be removed.
  for (const outcome of made) if (outcome.status === 'rejected') throw outcome.reason;
  await world.clock.pause(SECONDS.pull, stop);
  change(context, { pullStoppedAt: epochSeconds(world.clock) });
  await world.clock.pause(SECONDS.start, stop);
  if (stop.aborted) return;
  await inStartOrder(parts, {
    bell: context.bell,
    isOver: () => stop.aborted,
    start: (part) => start(part, context),
    refuse: ({ plan }, reason) =>
      new FailedToStart('Task failed to start', { name: plan.name, reason: `DependencyError: ${reason}` }),
  });
  if (stop.aborted) return;
  change(context, { lastStatus: 'RUNNING', startedAt: epochSeconds(world.clock) });
  // Should the emulator be killed, the next one must know which processes to end.
  world.saver.flush();
  world.say(`task ${context.record.id} runs ${context.task.taskDefinitionArn.replace(/^.*\//, '')}`);
}

// AmazonECS/latest/developerguide/resource-initialization-error.html, in the words of platform version 1.4.
function prepareInputs({ plan }: Part, world: World): void {
  for (const [name, valueFrom] of Object.entries(plan.secrets)) {
    if (world.secrets(valueFrom) !== undefined) continue;
    throw new FailedToStart(
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ' +
        `unable to retrieve secret for ${name}: ResourceNotFoundException: ${valueFrom} is not in the emulator's secrets file`,
    );
  }
  if (!plan.log || world.logs.hasGroup(plan.log.group)) return;
  if (plan.log.mayCreateGroup) world.logs.createGroup(plan.log.group);
  else {
    throw new FailedToStart(
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to ' +
        'create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1',
    );
  }
}

/** Of what is in the definition, an environment variable loses to a secret of the same name. */
function withSecrets({ spec, secrets }: Planned, world: World): Planned['spec'] {
  const values = Object.entries(secrets).map(([name, valueFrom]) => [name, world.secrets(valueFrom) ?? '']);
  return { ...spec, environment: { ...spec.environment, ...Object.fromEntries(values) } };
}

async function create(part: Part, { record, world }: Context): Promise<void> {
  const { plan, shown } = part;
  part.log = plan.log && deliveryTo(plan.log, world);
  try {
    part.made = await world.clock.during(
      world.driver.create({ ...withSecrets(plan, world), onLine: part.log?.write ?? (() => undefined) }),
    );
  } catch (error) {
    if (!(error instanceof PullFailed)) throw error;
    const reason = `CannotPullContainerError: ${error.message}`;
    throw new FailedToStart(reason, { name: plan.name, reason });
  }
  shown.runtimeId = part.made.runtimeId;
  record.leftovers.push(part.made.leftover());
}

function deliveryTo(place: LogPlace, { clock, logs, logBytesPerSecond }: World): LogDelivery {
  const deliver = (message: string) => {
    const timestamp = Math.floor(clock.now());
    logs.append(place, { timestamp, message, ingestionTime: timestamp });
  };
  return logDelivery({ ...place, bytesPerSecond: logBytesPerSecond, deliver });
}

async function start(part: Part, context: Context): Promise<void> {
  const { plan, shown, made } = part;
  if (!made) return;
  try {
    part.running = await context.world.clock.during(made.start());
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    throw new FailedToStart('Task failed to start', {
      name: plan.name,
      reason: `CannotStartContainerError: ${error.message}`,
    });
  }
  context.record.leftovers.push(made.leftover());
  shown.lastStatus = 'RUNNING';
  const over = new AbortController();
  void part.running.ended.then((end) => {
    over.abort();
    ended(part, end, context);
  });
  if (plan.healthCheck) {
    const onStatus = (status: string) => showHealth(part, status, context);
    void watchHealth(part.running, plan.healthCheck, { clock: context.world.clock, until: over.signal, onStatus });
  }
  context.bell.ring();
}

function ended(part: Part, end: ContainerEnd, context: Context): void {
  const { shown } = part;
  part.end = end;
  shown.lastStatus = 'STOPPED';
  shown.exitCode = end.exitCode;
  // AmazonECS/latest/developerguide/out-of-memory.html.
  if (end.isOutOfMemory) shown.reason = 'OutOfMemoryError: Container killed due to memory usage';
  const isLast = context.parts.every(({ shown: other }) => other.lastStatus === 'STOPPED');
  change(context, isLast ? { executionStoppedAt: epochSeconds(context.world.clock) } : {});
  context.bell.ring();
}

// APIReference/API_Task, healthStatus: that of the essential containers that have a check, UNHEALTHY if one is.
function showHealth({ shown }: Part, status: string, context: Context): void {
  if (shown.healthStatus === status) return;
  shown.healthStatus = status;
  const checked = context.parts.filter(({ plan }) => plan.isEssential && plan.healthCheck);
  const statuses = checked.map((part) => part.shown.healthStatus);
  const healthStatus = ['UNHEALTHY', 'UNKNOWN', 'HEALTHY'].find((one) => statuses.includes(one)) ?? 'UNKNOWN';
  change(context, { healthStatus });
  context.bell.ring();
}

async function untilEssentialEnds(context: Context): Promise<void> {
  const { parts, stop } = context;
  const essential = parts.filter(({ plan }) => plan.isEssential).flatMap(({ running }) => running?.ended ?? []);
  const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  if (!stop.aborted) await Promise.race([...essential, stopped]);
  if (stop.aborted) return;
  change(context, {
    desiredStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  });
}

function failToStart(context: Context, error: unknown): void {
  const reason = error instanceof FailedToStart ? error.message : `InternalError: ${(error as Error).message}`;
  if (error instanceof FailedToStart && error.containerReason) {
    const container = context.task.containers.find(({ name }) => name === error.container);
    if (container) container.reason = error.containerReason;
  }
  if (context.stop.aborted) return;
  change(context, { desiredStatus: 'STOPPED', stopCode: 'TaskFailedToStart', stoppedReason: reason });
}

async function windDown(context: Context): Promise<void> {
  const { task, record, parts, world } = context;
  const { clock, halt } = world;
  change(context, { lastStatus: 'DEACTIVATING', stoppingAt: epochSeconds(clock) });
  await clock.pause(SECONDS.deactivating, halt);
  change(context, { lastStatus: 'STOPPING' });
  await endContainers(parts, halt);
  await Promise.all(parts.map(({ log }) => log?.flush()));
  await clock.pause(SECONDS.stopping, halt);
  for (const container of task.containers) container.lastStatus = 'STOPPED';
  change(context, { lastStatus: 'DEPROVISIONING' });
  const removals = Promise.all(parts.map(({ made }) => made?.remove()));
  await Promise.all([clock.pause(SECONDS.deprovisioning, halt), clock.during(removals)]);
  for (const attachment of task.attachments) attachment.status = 'DELETED';
  record.leftovers = [];
  change(context, { lastStatus: 'STOPPED', stoppedAt: epochSeconds(clock) });
  world.say(`task ${record.id} stopped: ${summary(task)}`);
}

async function endContainers(parts: readonly Part[], halt: AbortSignal): Promise<void> {
  const hurry = () => {
    for (const { running } of parts) running?.stop(HALT_GRACE_MS);
  };
  if (halt.aborted) hurry();
  halt.addEventListener('abort', hurry, { once: true });
  await inStopOrder(parts, (running) => (halt.aborted ? undefined : running.stop()));
  halt.removeEventListener('abort', hurry);
}

const summary = (task: EcsTask): string =>
  task.stopCode === 'EssentialContainerExited'
    ? task.containers
        .map(({ name, exitCode }) => `${name} ${exitCode === undefined ? '-' : `exit ${exitCode}`}`)
        .join(', ')
    : `${task.stopCode}: ${task.stoppedReason}`;

/** Every change of what is shown raises the task's version (APIReference/API_Task, version). */
function change(context: Pick<Context, 'record' | 'task' | 'world'>, changes: Partial<EcsTask>): void {
  Object.assign(context.task, changes);
  context.task.version += 1;
  saveTask(context.world, context.record);
}

/**
 * Ends what an emulator that was killed left: its containers, and its tasks as a lost host leaves them, STOPPED with
 * neither exit code nor stopCode.
 */
export async function recover(world: World): Promise<void> {
  const lost = [...world.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
  await world.driver.sweep(lost.flatMap(({ leftovers }) => leftovers));
  for (const record of lost) {
    for (const container of record.task.containers) container.lastStatus = 'STOPPED';
    record.leftovers = [];
    const stoppedAt = epochSeconds(world.clock);
    change({ record, task: record.task, world }, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedAt });
  }
}
