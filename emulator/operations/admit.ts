import { clientException } from '../aws-error.ts';
import type { Fate } from '../faults/fate.ts';
import { subjectOfTask } from '../faults/subject.ts';
import type { Input } from '../input.ts';
import type { EcsTask, TaskRecord, World } from '../state.ts';

interface Admission {
  readonly started: readonly { readonly record: TaskRecord; readonly fate: Fate }[];
  /** As RunTask answers them. */
  readonly failures: readonly Input[];
}

/**
 * The one place where the faults of tasks are drawn: what becomes of each that RunTask made, and which of them Fargate
 * has no place for. Throws AwsError when it refuses them all.
 */
export function admit(made: readonly TaskRecord[], world: World): Admission {
  for (const isSpot of [false, true]) {
    const wanted = made.filter(({ task }) => isSpotTask(task) === isSpot);
    if (wanted.length === 0) continue;
    const runningVcpu = () => vcpuOf([...world.tasks.values()].filter(({ task }) => isOn(task, isSpot)));
    const launch = { isSpot, count: wanted.length, vcpu: vcpuOf(wanted), runningVcpu };
    const refusal = world.faults.ofLaunch(launch, world.clock.now());
    if (refusal) throw refusal;
  }
  const fated = made.map((record) => ({ record, fate: world.faults.ofTask(subjectOfTask(record, world)) }));
  const refusals = fated.flatMap(({ fate }) => fate.refusal ?? []);
  const exception = refusals.find((refusal) => refusal.as === 'exception');
  if (exception) throw clientException(exception.reason);
  return {
    started: fated.filter(({ fate }) => fate.refusal === undefined),
    // sleeper's report (gchq/sleeper#904) shows no ARN: there is none that could not be used.
    failures: refusals.map(({ reason }) => ({ reason })),
  };
}

const isSpotTask = (task: EcsTask): boolean => task.capacityProviderName === 'FARGATE_SPOT';

const isOn = (task: EcsTask, isSpot: boolean): boolean => task.lastStatus !== 'STOPPED' && isSpotTask(task) === isSpot;

const vcpuOf = (records: readonly TaskRecord[]): number =>
  records.reduce((sum, { task }) => sum + Number(task.cpu) / 1024, 0);
