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
      return notStarted(detail);
    case 'SpotInterruption':
    case 'TerminationNotice':
      return { reason: 'killed', blame: 'platform', exitCode: exitCode ?? 137, detail };
    default:
      if (exitCode === COMMAND_NOT_FOUND && events.length === 0)
        return { reason: 'not-started', blame: 'user', detail: NEEDS_PYTHON };
      if (exitCode === BOOTSTRAP_FAILED && events.length === 0)
        return { reason: 'not-started', blame: 'user', detail: CANNOT_FETCH };
      // A host that was lost leaves neither exit status nor code.
      return exitCode === undefined
        ? { reason: 'lost', blame: 'platform', detail }
        : failureOf(exitCode, events, detail);
  }
}

const NEEDS_PYTHON = 'the image has no python3 in its PATH, and the step that runs its nodes needs Python 3.8 or newer';

/** How a shell and `env` say that there is no such program. */
const COMMAND_NOT_FOUND = 127;

/** bridge/PROTOCOL.md §3. */
const BOOTSTRAP_FAILED = 70;
const CANNOT_FETCH =
  'the program that runs its nodes could not be fetched from the spill location. Has the task definition a task role that may read there? The log of the container says more, where the definition keeps one';

/** By the container's runtime where the definition has no entry point of its own. */
const RUNTIME_FINDS_NO_PYTHON = /exec: \\?"python3\\?": .*(not found|no such file)/i;

function notStarted(detail: string): Failure {
  if (RUNTIME_FINDS_NO_PYTHON.test(detail))
    return { reason: 'not-started', blame: 'user', detail: `${NEEDS_PYTHON} (${detail})` };
  const isUsers = /CannotPullContainerError|ResourceInitializationError/.test(detail);
  return { reason: 'not-started', blame: isUsers ? 'user' : 'platform', detail };
}

export function timesOf(task: EcsTask): AttemptTimes {
  return {
    createdAt: task.createdAt?.getTime(),
    billedFrom: (task.pullStartedAt ?? task.startedAt)?.getTime(),
    startedAt: task.startedAt?.getTime(),
    stoppedAt: task.stoppedAt?.getTime(),
  };
}
