import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  type ContainerDefinition,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import type { TestEmulator } from './test-emulator.ts';

export const CLUSTER = 'tests';
export const LOG_GROUP = '/ecs/tests';

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

export function clients(
  emulator: Pick<TestEmulator, 'env'>,
  more: { maxAttempts?: number } = {},
): { ecs: ECSClient; logs: CloudWatchLogsClient } {
  const shared = { region: 'eu-central-1', credentials, ...more };
  return {
    ecs: new ECSClient({ ...shared, endpoint: emulator.env.AWS_ENDPOINT_URL_ECS ?? '' }),
    logs: new CloudWatchLogsClient({ ...shared, endpoint: emulator.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS ?? '' }),
  };
}

/** A definition of one container that runs a shell script; `more` replaces what it says. */
export function definition(family: string, script: string, more: Partial<ContainerDefinition> = {}) {
  return {
    family,
    requiresCompatibilities: ['FARGATE' as const],
    networkMode: 'awsvpc' as const,
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    containerDefinitions: [container('main', script, more)],
  };
}

export const container = (
  name: string,
  script: string,
  more: Partial<ContainerDefinition> = {},
): ContainerDefinition => ({
  name,
  image: 'image:1',
  entryPoint: ['sh', '-c'],
  command: [script],
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': LOG_GROUP, 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'ecs' },
  },
  ...more,
});

export const request = (taskDefinition: string, more: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput => ({
  cluster: CLUSTER,
  taskDefinition,
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
  ...more,
});

/** Starts one task and returns it as RunTask answered it. */
export async function run(ecs: ECSClient, input: RunTaskCommandInput): Promise<Task> {
  const { tasks } = await ecs.send(new RunTaskCommand(input));
  assert.ok(tasks?.[0]);
  return tasks[0];
}

export async function describe(ecs: ECSClient, taskArn: string | undefined): Promise<Task> {
  const { tasks } = await ecs.send(
    new DescribeTasksCommand({ cluster: CLUSTER, tasks: [taskArn ?? ''], include: ['TAGS'] }),
  );
  assert.ok(tasks?.[0]);
  return tasks[0];
}

/** Waits until the task has this status or has stopped. */
export async function until(ecs: ECSClient, taskArn: string | undefined, status: string): Promise<Task> {
  for (;;) {
    const task = await describe(ecs, taskArn);
    if (task.lastStatus === status || task.lastStatus === 'STOPPED') return task;
    await sleep(5);
  }
}

/** What a container of a task wrote. */
export async function lines(logs: CloudWatchLogsClient, task: Task, name = 'main'): Promise<string[]> {
  const logStreamName = `ecs/${name}/${task.taskArn?.split('/').at(-1)}`;
  const found = await logs.send(
    new GetLogEventsCommand({ logGroupName: LOG_GROUP, logStreamName, startFromHead: true }),
  );
  return (found.events ?? []).map(({ message }) => message ?? '');
}
