import { clusterArn, lastSegment, taskArn } from '../arn.ts';
import { AwsError, invalidParameter } from '../aws-error.ts';
import { type Input, number, text, texts } from '../input.ts';
import { page } from '../paging.ts';
import { forgetOldTasks, type TaskRecord, type World } from '../state.ts';
import { requestStop } from '../task-context.ts';
import { clusterOf } from './clusters.ts';

// APIReference/API_DescribeTasks: up to 100 tasks, by id or ARN; one that is not there is a failure in the answer.
export function describeTasks(input: Input, world: World): Input {
  forgetOldTasks(world);
  const cluster = clusterOf(input, world);
  const names = texts(input, 'tasks') ?? [];
  if (names.length === 0) throw invalidParameter('Tasks cannot be empty.');
  if (names.length > 100) throw invalidParameter('Tasks cannot have more than 100 elements.');
  const withTags = (texts(input, 'include') ?? []).includes('TAGS');
  const found = names.map((name) => ({
    id: lastSegment(name),
    record: described(taskOf(name, { cluster: cluster.arn, world }), world),
  }));
  return {
    tasks: found.flatMap(({ record }) => (record ? [{ ...record.task, tags: withTags ? record.tags : [] }] : [])),
    failures: found.flatMap(({ id, record }) =>
      record ? [] : [{ arn: taskArn(world, { cluster: cluster.name, id }), reason: 'MISSING' }],
    ),
  };
}

/** The task, unless ECS does not show it yet: what RunTask has answered may be MISSING for a moment (boto/boto3#842). */
function described(record: TaskRecord | undefined, world: World): TaskRecord | undefined {
  if (record === undefined || !isUnseen(record, world)) return record;
  if (record.unseen) record.unseen.describes -= 1;
  return undefined;
}

const isUnseen = ({ unseen }: TaskRecord, { clock }: World): boolean =>
  unseen !== undefined && (unseen.describes > 0 || clock.now() < unseen.until);

// APIReference/API_ListTasks: tasks whose desired status is RUNNING, unless another is asked for; none has PENDING.
export function listTasks(input: Input, world: World): Input {
  forgetOldTasks(world);
  const cluster = clusterOf(input, world);
  const family = text(input, 'family');
  const startedBy = text(input, 'startedBy');
  const desiredStatus = text(input, 'desiredStatus') ?? 'RUNNING';
  if (text(input, 'serviceName') !== undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  const launchType = text(input, 'launchType');
  const arns = [...world.tasks.values()]
    .filter((record) => !isUnseen(record, world))
    .map(({ task }) => task)
    .filter((task) => task.clusterArn === cluster.arn && task.desiredStatus === desiredStatus)
    // Fargate's tasks are on no container instance.
    .filter(() => text(input, 'containerInstance') === undefined)
    .filter((task) => startedBy === undefined || task.startedBy === startedBy)
    .filter((task) => family === undefined || lastSegment(task.taskDefinitionArn).split(':')[0] === family)
    .filter((task) => launchType === undefined || task.launchType === launchType)
    .sort((a, b) => a.createdAt - b.createdAt)
    .map((task) => task.taskArn);
  const { items, nextToken } = page(arns, { token: text(input, 'nextToken'), size: number(input, 'maxResults') });
  return { taskArns: items, ...(nextToken ? { nextToken } : {}) };
}

// APIReference/API_StopTask: SIGTERM, and SIGKILL after the stop timeout; the answer does not wait for either.
export function stopTask(input: Input, world: World): Input {
  forgetOldTasks(world);
  const cluster = clusterOf(input, world);
  const record = taskOf(text(input, 'task') ?? '', { cluster: cluster.arn, world });
  if (!record) throw invalidParameter('The referenced task was not found.');
  const reason = text(input, 'reason') ?? 'Task stopped by user';
  // "Any tags associated with the task will be deleted."
  record.tags = [];
  requestStop(record, world, { code: 'UserInitiated', reason });
  return { task: { ...record.task, tags: [] } };
}

function taskOf(name: string, options: { cluster: string; world: World }): TaskRecord | undefined {
  const record = options.world.tasks.get(lastSegment(name));
  if (record?.task.clusterArn !== options.cluster) return undefined;
  // An ARN names its cluster, and it must be this one.
  const named = /:task\/(.+)\//.exec(name)?.[1];
  return named === undefined || clusterArn(options.world, named) === options.cluster ? record : undefined;
}
