import { sha256 } from './canonical.ts';
import { epochSeconds } from './clock.ts';
import { inStopOrder } from './container-order.ts';
import { type ContainerEnd, PullFailed, StartFailed } from './drivers/driver.ts';
import { watchHealth } from './health.ts';
import { type LogDelivery, logDelivery } from './log-delivery.ts';
import type { World } from './state.ts';
import { type Context, change, FailedToStart, type Part } from './task-context.ts';
import type { LogPlace, Planned } from './task-specs.ts';

/** How long containers have from SIGTERM to SIGKILL when the emulator itself ends. */
const HALT_GRACE_MS = 2000;

// AmazonECS/latest/developerguide/resource-initialization-error.html, in the words of platform version 1.4.
export function prepareInputs({ plan }: Part, world: World): void {
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

export async function create(part: Part, context: Context): Promise<void> {
  const { record, world } = context;
  const { plan, shown } = part;
  part.log = plan.log && deliveryTo(plan.log, context);
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
  shown.imageDigest = /@(sha256:[0-9a-f]{64})$/.exec(shown.image)?.[1] ?? `sha256:${sha256(shown.image)}`;
  record.leftovers.push(part.made.leftover());
}

function deliveryTo(place: LogPlace, { record, fate, world }: Context): LogDelivery {
  const { clock, logs, logBytesPerSecond, halt, lives } = world;
  const deliver = (message: string) => {
    const timestamp = Math.floor(clock.now());
    const append = () => logs.append(place, { timestamp, message, ingestionTime: Math.floor(clock.now()) });
    if (fate.logs === undefined) return append();
    const { seconds, from } = fate.logs;
    const start = from === 'end' ? lives.get(record.id)?.over : undefined;
    void Promise.resolve(start)
      .then(() => clock.wait(seconds, halt))
      .then(append);
  };
  return logDelivery({ ...place, bytesPerSecond: logBytesPerSecond, deliver });
}

export async function start(part: Part, context: Context): Promise<void> {
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
  if (context.isLost) return;
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

export async function endContainers(parts: readonly Part[], halt: AbortSignal): Promise<void> {
  const hurry = () => {
    for (const { running } of parts) running?.stop(HALT_GRACE_MS);
  };
  if (halt.aborted) hurry();
  halt.addEventListener('abort', hurry, { once: true });
  await inStopOrder(parts, (running) => (halt.aborted ? undefined : running.stop()));
  halt.removeEventListener('abort', hurry);
}
