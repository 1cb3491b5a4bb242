import type { AttemptEnd, AttemptTimes, Failure } from '../../model/run.ts';
import type { StepEvent } from '../../model/step-event.ts';
import type { EcsTask } from '../../service/aws/ecs.ts';
import { failureOf } from '../step-failure.ts';

/** Reads the end of an ECS task. The exit status is that of the container by name: ECS may add containers of its own. */
export function endOf(task: EcsTask, container: string, events: readonly StepEvent[]): AttemptEnd {
  const main = task.containers?.find(({ name }) => name === container);
  const detail = [task.stoppedReason, main?.reason].filter(Boolean).join('; ') || 'ECS gives no reason';
  return { exitCode: main?.exitCode, failure: failure(task, main?.exitCode, detail, events), times: timesOf(task) };
}

/** Source of the codes: Amazon ECS API reference, Task.stopCode. */
function failure(
  task: EcsTask,
  exitCode: number | undefined,
  detail: string,
  events: readonly StepEvent[],
): Failure | undefined {
  switch (task.stopCode) {
    case 'UserInitiated':
      return { reason: 'cancelled', blame: 'request', detail };
    case 'TaskFailedToStart':
      return {
        reason: 'not-started',
        blame: /CannotPullContainerError|ResourceInitializationError/.test(detail) ? 'user' : 'platform',
        detail,
      };
    case 'SpotInterruption':
    case 'TerminationNotice':
      return { reason: 'killed', blame: 'platform', exitCode: exitCode ?? 137, detail };
    default:
      // A host that was lost leaves neither exit status nor code.
      return exitCode === undefined
        ? { reason: 'lost', blame: 'platform', detail }
        : failureOf(exitCode, events, detail);
  }
}

export function timesOf(task: EcsTask): AttemptTimes {
  return {
    createdAt: task.createdAt?.getTime(),
    billedFrom: (task.pullStartedAt ?? task.startedAt)?.getTime(),
    startedAt: task.startedAt?.getTime(),
    stoppedAt: task.stoppedAt?.getTime(),
  };
}
