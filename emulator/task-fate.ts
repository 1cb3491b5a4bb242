import { randomUUID } from 'node:crypto';
import type { Fate, FateEnd } from './faults/fate.ts';
import type { StartFailure } from './faults/start-failures.ts';
import { texts } from './input.ts';
import type { EcsContainer, TaskRecord, World } from './state.ts';
import { type Context, FailedToStart, requestStop } from './task-context.ts';

// guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html: the agent's, in us-east-1.
const INJECTED_IMAGE = '593207742271.dkr.ecr.us-east-1.amazonaws.com/aws-guardduty-agent-fargate:v1';

/** What of its fate shows from the beginning. */
export function showFate(record: TaskRecord, { unseen, injectedContainer: name }: Fate, { clock }: World): void {
  if (unseen) record.unseen = { describes: unseen.describes, until: clock.now() + unseen.seconds * 1000 };
  const { task } = record;
  if (name === undefined) return;
  // Before the others: whoever takes the first container for the task's own shall notice.
  task.containers.unshift({
    containerArn: `${task.taskArn.replace(':task/', ':container/')}/${randomUUID()}`,
    taskArn: task.taskArn,
    name,
    image: INJECTED_IMAGE,
    lastStatus: 'PENDING',
    networkInterfaces: [],
    healthStatus: 'UNKNOWN',
    cpu: '0',
  });
}

/** The containers that are in no definition. */
export const injected = ({ task, fate }: Context): EcsContainer[] =>
  task.containers.filter(({ name }) => name === fate.injectedContainer);

/** Throws where the task is not to get further than this. */
export function passOrFail(at: StartFailure['at'], { fate, task, parts, record, world }: Context): void {
  const failure = fate.startFailure;
  if (failure?.at !== at) return;
  const name = parts[0]?.plan.name ?? '';
  const subnet = texts(record.networkConfiguration, 'subnets')?.[0] ?? '';
  const reason = failure.reason({
    image: task.containers.find((one) => one.name === name)?.image ?? '',
    subnet,
    region: world.region,
  });
  // A container whose image cannot be had says so too.
  const containerReason = failure.containerReason ?? (at === 'pull' ? reason : undefined);
  throw new FailedToStart(reason, containerReason === undefined ? undefined : { name, reason: containerReason });
}

/** How a task that runs ends for another reason than its containers. */
export function meet(end: FateEnd, context: Context): void {
  const { record, parts, world } = context;
  if (end.kind === 'stop') {
    requestStop(record, world, end);
    return;
  }
  context.isLost = true;
  for (const { running } of parts) running?.kill();
  if (end.isReported) world.lives.get(record.id)?.stop.abort();
}
