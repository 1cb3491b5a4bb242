import { randomBytes } from 'node:crypto';
import { sha256 } from './canonical.ts';
import { epochSeconds } from './clock.ts';
import { Bell, inStartOrder } from './container-order.ts';
import type { Fate } from './faults/fate.ts';
import { type EcsContainer, type EcsTask, saveTask, type TaskRecord, type World } from './state.ts';
import { create, endContainers, prepareInputs, start } from './task-containers.ts';
import { type Context, change, FailedToStart } from './task-context.ts';
import { injected, meet, passOrFail, showFate } from './task-fate.ts';
import { plannedContainers } from './task-specs.ts';

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

/** Sets a task that RunTask made on its way; the task is STOPPED when its `over` settles. */
export function begin(record: TaskRecord, fate: Fate, world: World): void {
  const stop = new AbortController();
  const secret = randomBytes(24).toString('base64url');
  const { task } = record;
  const shownOf = new Map(task.containers.map((container) => [container.name, container]));
  const parts = plannedContainers(record, { secret, world }).map((plan) => ({
    plan,
    shown: shownOf.get(plan.name) as EcsContainer,
  }));
  showFate(record, fate, world);
  const bell = new Bell();
  stop.signal.addEventListener('abort', () => bell.ring());
  const context: Context = { record, task, fate, parts, bell, world, stop: stop.signal, isLost: false };
  const over = live(context).finally(() => {
    world.lives.delete(record.id);
    // Whatever waits for something of this task waits in vain.
    stop.abort();
  });
  world.lives.set(record.id, { stop, secret, over, meet: (end) => meet(end, context) });
  saveTask(world, record);
}

/** AmazonECS/latest/developerguide/task-lifecycle-explanation.html: the states, in this order. */
async function live(context: Context): Promise<void> {
  const { world, stop, fate } = context;
  try {
    await world.clock.pause(SECONDS.provisioning + (fate.networkSeconds ?? 0), stop);
    if (!stop.aborted) attachInterface(context);
    await world.clock.pause(SECONDS.pending, stop);
    if (!stop.aborted) await activate(context);
    if (!stop.aborted) await untilEssentialEnds(context);
  } catch (error) {
    failToStart(context, error);
  }
  await (context.isLost ? vanish(context) : windDown(context));
}

function attachInterface(context: Context): void {
  passOrFail('network', context);
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
  passOrFail('inputs', context);
  for (const part of parts) prepareInputs(part, world);
  change(context, { pullStartedAt: epochSeconds(world.clock) });
  passOrFail('pull', context);
  const made = await Promise.allSettled(parts.map((part) => create(part, context)));
  // Only now, when none is still being made, can those that were be removed.
  for (const outcome of made) if (outcome.status === 'rejected') throw outcome.reason;
  await world.clock.pause(SECONDS.pull, stop);
  change(context, { pullStoppedAt: epochSeconds(world.clock) });
  await world.clock.pause(SECONDS.start, stop);
  if (stop.aborted) return;
  passOrFail('start', context);
  await inStartOrder(parts, {
    bell: context.bell,
    isOver: () => stop.aborted,
    start: (part) => start(part, context),
    refuse: ({ plan }, reason) =>
      new FailedToStart('Task failed to start', { name: plan.name, reason: `DependencyError: ${reason}` }),
  });
  if (stop.aborted) return;
  for (const container of injected(context)) container.lastStatus = 'RUNNING';
  change(context, { lastStatus: 'RUNNING', startedAt: epochSeconds(world.clock) });
  const { end } = context.fate;
  if (end) void world.clock.wait(end.afterSeconds, stop).then(() => stop.aborted || meet(end.end, context));
  // Should the emulator be killed, the next one must know which processes to end.
  world.saver.flush();
  world.say(`task ${context.record.id} runs ${context.task.taskDefinitionArn.replace(/^.*\//, '')}`);
}

async function untilEssentialEnds(context: Context): Promise<void> {
  const { parts, stop } = context;
  const essential = parts.filter(({ plan }) => plan.isEssential).flatMap(({ running }) => running?.ended ?? []);
  const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  if (!stop.aborted) await Promise.race([...essential, stopped]);
  // A host that is gone tells nobody that its containers are.
  if (context.isLost) await stopped;
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
  // What the platform adds ends by SIGTERM, as sidecars do.
  for (const container of injected(context)) if (container.lastStatus === 'RUNNING') container.exitCode = 143;
  for (const container of task.containers) container.lastStatus = 'STOPPED';
  change(context, { lastStatus: 'DEPROVISIONING' });
  const removals = Promise.all(parts.map(({ made }) => made?.remove()));
  await Promise.all([clock.pause(SECONDS.deprovisioning, halt), clock.during(removals)]);
  for (const attachment of task.attachments) attachment.status = 'DELETED';
  record.leftovers = [];
  change(context, { lastStatus: 'STOPPED', stoppedAt: epochSeconds(clock) });
  world.say(`task ${record.id} stopped: ${summary(task)}`);
}

async function vanish({ record, parts, world }: Context): Promise<void> {
  await Promise.all(parts.map(({ running }) => running?.ended));
  await Promise.all(parts.map(({ made }) => made?.remove()));
  showLost(record, world);
  world.say(`task ${record.id} is lost with its host`);
}

const summary = (task: EcsTask): string =>
  task.stopCode === 'EssentialContainerExited'
    ? task.containers
        .map(({ name, exitCode }) => `${name} ${exitCode === undefined ? '-' : `exit ${exitCode}`}`)
        .join(', ')
    : `${task.stopCode}: ${task.stoppedReason}`;

/** Ends what an emulator that was killed left: its containers, and its tasks as a lost host leaves them. */
export async function recover(world: World): Promise<void> {
  const lost = [...world.tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
  await world.driver.sweep(lost.flatMap(({ leftovers }) => leftovers));
  for (const record of lost) showLost(record, world);
}

/** STOPPED with neither exit code nor stopCode (apache/airflow#4039). */
function showLost(record: TaskRecord, world: World): void {
  const { task } = record;
  for (const container of task.containers) container.lastStatus = 'STOPPED';
  record.leftovers = [];
  const stoppedAt = epochSeconds(world.clock);
  change({ record, task, world }, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedAt });
}
