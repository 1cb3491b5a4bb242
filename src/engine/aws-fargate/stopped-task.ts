import type { AttemptEnd, AttemptTimes, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failureOf, PASSES, REACH_S3 } from '../step-failure.ts';
import { classify } from './failure-table.ts';

/**
 * Reads the end of an ECS task. The exit status is that of the container by name: ECS may add containers of its own.
 * `events` is undefined where nothing of what its step reports can be known.
 */
export function endOf(task: EcsTask, container: string, events: readonly StepEvent[] | undefined): AttemptEnd {
  const main = task.containers?.find(({ name }) => name === container);
  return {
    exitCode: main?.exitCode,
    failure: failure(task, main, events),
    times: timesOf(task),
    details: detailsOf(task),
  };
}

type EcsContainer = NonNullable<EcsTask['containers']>[number];

function failure(
  task: EcsTask,
  main: EcsContainer | undefined,
  events: readonly StepEvent[] | undefined,
): Failure | undefined {
  const { stopCode, containers = [] } = task;
  const said = saidOf(task, containers);
  if (stopCode === 'TaskFailedToStart') return classify('not-started', said);
  const byCode = stopCode === undefined ? undefined : classify('stop-code', stopCode);
  const known = classify('stopped', said) ?? (byCode && { ...byCode, detail: said });
  if (known !== undefined) return known;
  // A host that was lost leaves neither exit status nor code; a code that is new means the platform.
  const isOwnEnd = stopCode === undefined || stopCode === 'EssentialContainerExited';
  if (main?.exitCode === undefined || !isOwnEnd) return { reason: 'lost', blame: 'platform', detail: said };
  const first = sidecarThatEnded(main, containers, events);
  return first === undefined ? ownEnd(main.exitCode, saidOf(task, [main]), events) : endBySidecar(first, task);
}

/**
 * The container beside the main one for whose end ECS stopped the task; undefined where it was the main one's. ECS does
 * not say which: it then sends SIGTERM to all others, and SIGKILL later (ECS Developer Guide, "Essential container
 * exited"), so that one with a status or reason of its own, neither of these, was the first.
 */
function sidecarThatEnded(
  main: EcsContainer,
  containers: readonly EcsContainer[],
  events: readonly StepEvent[] | undefined,
): EcsContainer | undefined {
  if ((main.exitCode !== TERMINATED && main.exitCode !== KILLED) || isOutOfMemory(main)) return undefined;
  const others = containers.filter(({ name = '' }) => name !== main.name && !OF_AWS.test(name));
  const isOwn = ({ exitCode }: EcsContainer) =>
    exitCode !== undefined && exitCode !== TERMINATED && exitCode !== KILLED;
  // One that obeys SIGTERM may end as it likes: only where the main one was asked to stop as well had it come first.
  const isAsked = main.exitCode === TERMINATED || events === undefined || events.some(isStopped);
  const first = isAsked ? (others.find((one) => isOwn(one) && one.exitCode !== 0) ?? others.find(isOwn)) : undefined;
  return others.find(isOutOfMemory) ?? first;
}

function endBySidecar({ name = '', exitCode, reason }: EcsContainer, { stoppedReason }: EcsTask): Failure {
  const detail = [stoppedReason, reason].filter(Boolean).join('; ') || 'ECS gives no reason';
  const memory = reason !== undefined && OUT_OF_MEMORY.test(reason) ? `it needs more memory; ` : '';
  const remedy = `${memory}see the log of '${name}', and why it ends; one that the task can do without should be "essential": false in the task definition`;
  return { reason: 'sidecar-ended', blame: 'user', container: name, exitCode, detail, remedy };
}

/** How a container ended by itself. */
function ownEnd(exitCode: number, said: string, events: readonly StepEvent[] | undefined): Failure | undefined {
  if (exitCode === 0) return undefined;
  // The kernel may have killed a child of the container's first process, which then ended as it liked.
  if (OUT_OF_MEMORY.test(said) || (exitCode === KILLED && (events ?? []).every(isNoEnd)))
    return { reason: 'out-of-memory', blame: 'user', exitCode, detail: said, remedy: MORE_MEMORY };
  const isSilent = events?.length === 0;
  if (isSilent && exitCode === PASSES)
    return { reason: 'not-started', blame: 'platform', detail: said, remedy: REACH_S3 };
  const remedy = isSilent ? REMEDIES[exitCode] : undefined;
  if (remedy !== undefined) return { reason: 'not-started', blame: 'user', detail: said, remedy };
  const failure = failureOf(exitCode, events ?? [], said);
  return isSilent && failure?.reason === 'exit-nonzero' ? { ...failure, remedy: SILENT } : failure;
}

function isOutOfMemory({ reason = '' }: EcsContainer): boolean {
  return OUT_OF_MEMORY.test(reason);
}

const OUT_OF_MEMORY = /OutOfMemory|memory usage/i;
/** By SIGKILL: where nobody had asked it to stop, most probably by the kernel, for want of memory. */
const KILLED = 137;
/** By SIGTERM: it was asked to stop. */
const TERMINATED = 143;
/** Of containers that AWS adds to a task, which may end as they like (GuardDuty User Guide, "Runtime Monitoring"). */
const OF_AWS = /^aws-guardduty-agent/;
const MORE_MEMORY = "raise 'memory' in resources, or let retries.oom: grow do it";

/** Of a container that ended before its step said a word. */
const REMEDIES: Readonly<Record<number, string>> = {
  // How a shell and `env` say that there is no such program.
  127: 'the image has no python3 in its PATH, and the step that runs its nodes needs Python 3.8 or newer',
  // bridge/PROTOCOL.md §3.
  70: 'the program that runs its nodes could not be fetched from the spill location: has the task definition a task role that may read there? The log of the container says more, where the definition keeps one',
};

const SILENT =
  'the step that runs its nodes never reported: an ENTRYPOINT of the image that does not run the command it is given, a python3 older than 3.8, or an image for another processor does that. The log of the container says more, where the definition keeps one';

/** What the step says that was asked to stop (bridge/step.py, stop_on_sigterm). */
function isStopped(event: StepEvent): boolean {
  return event.event === 'step-failed' && event.exception === 'Stopped';
}

function isNoEnd({ event }: StepEvent): boolean {
  return event !== 'node-failed' && event !== 'step-failed';
}

function saidOf({ stoppedReason }: EcsTask, containers: readonly EcsContainer[]): string {
  const said = [stoppedReason, ...containers.map(({ reason }) => reason)].filter(Boolean);
  return [...new Set(said)].join('; ') || 'ECS gives no reason';
}

function timesOf(task: EcsTask): AttemptTimes {
  return {
    createdAt: task.createdAt?.getTime(),
    billedFrom: (task.pullStartedAt ?? task.startedAt)?.getTime(),
    startedAt: task.startedAt?.getTime(),
    stoppedAt: task.stoppedAt?.getTime(),
  };
}

/** ECS forgets a task an hour after it stopped. */
function detailsOf({ containers = [], ...task }: EcsTask): Record<string, unknown> {
  return {
    taskDefinitionArn: task.taskDefinitionArn,
    capacityProviderName: task.capacityProviderName,
    platformVersion: task.platformVersion,
    availabilityZone: task.availabilityZone,
    connectivityAt: task.connectivityAt,
    pullStartedAt: task.pullStartedAt,
    pullStoppedAt: task.pullStoppedAt,
    stoppingAt: task.stoppingAt,
    executionStoppedAt: task.executionStoppedAt,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    containers: containers.map(({ name, image, imageDigest, exitCode, reason }) => {
      return { name, image, imageDigest, exitCode, reason };
    }),
  };
}
