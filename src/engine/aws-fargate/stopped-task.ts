import type { AttemptEnd, AttemptTimes, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failureOf } from '../step-failure.ts';
import { classify } from './failure-table.ts';

/** Reads the end of an ECS task. The exit status is that of the container by name: ECS may add containers of its own. */
export function endOf(task: EcsTask, container: string, events: readonly StepEvent[]): AttemptEnd {
  const exitCode = task.containers?.find(({ name }) => name === container)?.exitCode;
  return { exitCode, failure: failure(task, exitCode, events), times: timesOf(task), details: detailsOf(task) };
}

function failure(task: EcsTask, exitCode: number | undefined, events: readonly StepEvent[]): Failure | undefined {
  const said = saidOf(task);
  const { stopCode } = task;
  if (stopCode === 'TaskFailedToStart') return classify('not-started', said);
  const byCode = stopCode === undefined ? undefined : classify('stop-code', stopCode);
  const known = classify('stopped', said) ?? (byCode && { ...byCode, detail: said });
  if (known !== undefined) return known;
  // A host that was lost leaves neither exit status nor code; a code that is new means the platform.
  const isOwnEnd = stopCode === undefined || stopCode === 'EssentialContainerExited';
  if (exitCode === undefined || !isOwnEnd) return { reason: 'lost', blame: 'platform', detail: said };
  return ownEnd(exitCode, said, events);
}

/** How a container ended by itself. */
function ownEnd(exitCode: number, said: string, events: readonly StepEvent[]): Failure | undefined {
  if (exitCode === 0) return undefined;
  // The kernel may have killed a child of the container's first process, which then ended as it liked.
  if (OUT_OF_MEMORY.test(said) || (exitCode === KILLED && events.every(isNoEnd)))
    return { reason: 'out-of-memory', blame: 'user', exitCode, detail: said, remedy: MORE_MEMORY };
  const remedy = events.length === 0 ? REMEDIES[exitCode] : undefined;
  if (remedy !== undefined) return { reason: 'not-started', blame: 'user', detail: said, remedy };
  return failureOf(exitCode, events, said);
}

const OUT_OF_MEMORY = /OutOfMemory|memory usage/i;
/** By SIGKILL: where nobody had asked it to stop, most probably by the kernel, for want of memory. */
const KILLED = 137;
const MORE_MEMORY = "raise 'memory' in resources, or let retries.oom: grow do it";

/** Of a container that ended before its step said a word. */
const REMEDIES: Readonly<Record<number, string>> = {
  // How a shell and `env` say that there is no such program.
  127: 'the image has no python3 in its PATH, and the step that runs its nodes needs Python 3.8 or newer',
  // bridge/PROTOCOL.md §3.
  70: 'the program that runs its nodes could not be fetched from the spill location: has the task definition a task role that may read there? The log of the container says more, where the definition keeps one',
};

function isNoEnd({ event }: StepEvent): boolean {
  return event !== 'node-failed' && event !== 'step-failed';
}

function saidOf({ stoppedReason, containers = [] }: EcsTask): string {
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
