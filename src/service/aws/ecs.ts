import {
  ConflictException,
  CreateClusterCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type DescribeTasksCommandInput,
  ECSClient,
  ListTasksCommand,
  type ListTasksCommandInput,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  type Task,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { batches } from '../../util/batches.ts';
import { ok } from '../../util/result.ts';
import { type AwsAccount, clientOptions } from './account.ts';
import { type Answer, ask } from './call.ts';
import type { Limiter } from './rates.ts';

export type { Task as EcsTask, TaskDefinition as EcsTaskDefinition };

/** The calls to ECS that Wherry makes. */
export interface EcsService {
  createCluster(name: string): Promise<Answer<void>>;
  /** The newest ACTIVE revision of a family, or the revision named; undefined where there is none. */
  describeTaskDefinition(name: string): Promise<Answer<TaskDefinition | undefined>>;
  registerTaskDefinition(input: object): Promise<Answer<TaskDefinition>>;
  /** The task, or the reasons that ECS gives for not starting it. A token that was used with other parameters gives its task. */
  runTask(input: object): Promise<Answer<{ task: Task | undefined; reasons: string[] }>>;
  /** Up to any number of tasks, 100 a call. Those that ECS does not know are missing from the answer. */
  describeTasks(cluster: string, arns: readonly string[]): Promise<Answer<Task[]>>;
  /** The same, with their tags. */
  describeTaggedTasks(cluster: string, arns: readonly string[]): Promise<Answer<Task[]>>;
  /** ARNs of the tasks that `startedBy` has on the cluster; those that stopped are remembered for about an hour. */
  listTasks(cluster: string, startedBy: string): Promise<Answer<string[]>>;
  /** ARNs of all tasks of the cluster, whoever started them, that run or are about to. */
  listRunningTasks(cluster: string): Promise<Answer<string[]>>;
  stopTask(cluster: string, arn: string, reason: string): Promise<Answer<void>>;
  close(): void;
}

/** The most tasks that one DescribeTasks takes. */
const DESCRIBE_LIMIT = 100;

export function ecsService(account: AwsAccount, limit?: Limiter): EcsService {
  const endpoint = account.endpoints.ecs;
  const client = new ECSClient(clientOptions(account, endpoint));
  const call = <T>(operation: string, send: () => Promise<T>) =>
    ask({ service: 'ecs', operation, endpoint, limit, report: account.report }, send);
  const describe = async (what: Omit<DescribeTasksCommandInput, 'tasks'>, arns: readonly string[]) => {
    const answers = await Promise.all(
      batches(arns, DESCRIBE_LIMIT).map((tasks) =>
        call(
          'DescribeTasks',
          async () => (await client.send(new DescribeTasksCommand({ ...what, tasks }))).tasks ?? [],
        ),
      ),
    );
    return answers.find((answer) => !answer.ok) ?? ok(answers.flatMap((answer) => (answer.ok ? answer.value : [])));
  };
  const list = async (which: ListTasksCommandInput) => {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(new ListTasksCommand({ ...which, nextToken }));
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return arns;
  };
  return {
    createCluster: (clusterName) =>
      call('CreateCluster', async () => {
        const capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
        await client.send(new CreateClusterCommand({ clusterName, capacityProviders }));
      }),
    describeTaskDefinition: async (taskDefinition) => {
      const answer = await call('DescribeTaskDefinition', () =>
        client.send(new DescribeTaskDefinitionCommand({ taskDefinition })),
      );
      if (answer.ok) return ok(answer.value.taskDefinition);
      return /Unable to describe task definition/i.test(answer.error.detail) ? ok(undefined) : answer;
    },
    registerTaskDefinition: (input) =>
      call('RegisterTaskDefinition', async () => {
        const { taskDefinition } = await client.send(
          new RegisterTaskDefinitionCommand(input as RegisterTaskDefinitionCommandInput),
        );
        return taskDefinition ?? {};
      }),
    runTask: (input) =>
      call('RunTask', async () => {
        try {
          const { tasks, failures } = await client.send(onlySoon(new RunTaskCommand(input as RunTaskCommandInput)));
          return {
            task: tasks?.[0],
            reasons: (failures ?? []).map(({ reason, detail }) => [reason, detail].filter(Boolean).join(': ')),
          };
        } catch (error) {
          // Another version of Wherry may ask in other words for what it had asked for (ECS API reference, ECS_Idempotency).
          const [taskArn] = error instanceof ConflictException ? (error.resourceIds ?? []) : [];
          if (taskArn === undefined) throw error;
          return { task: { taskArn }, reasons: [] };
        }
      }),
    describeTasks: (cluster, arns) => describe({ cluster }, arns),
    describeTaggedTasks: (cluster, arns) => describe({ cluster, include: ['TAGS'] }, arns),
    listTasks: (cluster, startedBy) =>
      call('ListTasks', async () => [
        ...(await list({ cluster, startedBy, desiredStatus: 'RUNNING' })),
        ...(await list({ cluster, startedBy, desiredStatus: 'STOPPED' })),
      ]),
    // ECS never gives a task the desired status PENDING (API reference, ListTasks).
    listRunningTasks: (cluster) => call('ListTasks', () => list({ cluster, desiredStatus: 'RUNNING' })),
    stopTask: async (cluster, task, reason) => {
      const answer = await call(
        'StopTask',
        async () => void (await client.send(new StopTaskCommand({ cluster, task, reason }))),
      );
      // What ECS has forgotten has stopped long ago.
      return !answer.ok && /task was not found/i.test(answer.error.detail) ? ok(undefined) : answer;
    },
    close: () => client.destroy(),
  };
}

/** The SDK's own tries of one call are seconds apart, where the machine does not sleep. */
const SOON_MS = 10 * 60_000;

/** A try that comes later might start again what was started and has been forgotten with its token. */
function onlySoon(command: RunTaskCommand): RunTaskCommand {
  const begun = Date.now();
  command.middlewareStack.add(
    (next) => async (args) => {
      if (Date.now() - begun < SOON_MS) return next(args);
      throw Object.assign(new Error('no answer came before this machine slept'), { name: 'TimeoutError' });
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  return command;
}
