import { randomBytes, randomUUID } from 'node:crypto';
import { containerArn, taskArn } from '../arn.ts';
import { clientException } from '../aws-error.ts';
import { epochSeconds } from '../clock.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import { type Cluster, forgetOldTasks, type Tag, type TaskDefinition, type TaskRecord, type World } from '../state.ts';
import { begin } from '../task-life.ts';
import { containerOverride } from '../task-specs.ts';
import { admit } from './admit.ts';
import { providersFor } from './capacity-providers.ts';
import { remember, replayed, tokenUse } from './client-tokens.ts';
import { clusterOf } from './clusters.ts';
import { checkRunTask, type Size, sizeOf } from './run-task-rules.ts';
import { checkedTags } from './tags.ts';
import { findTaskDefinition } from './task-definitions.ts';

// APIReference/API_RunTask.
export function runTask(input: Input, world: World): Input {
  forgetOldTasks(world);
  const cluster = clusterOf(input, world);
  const use = tokenUse(input, { cluster, world });
  const replay = use && replayed(use, world);
  if (replay) return replay;
  const definition = findTaskDefinition(text(input, 'taskDefinition') ?? '', world);
  if (!definition) throw clientException('TaskDefinition not found.');
  checkRunTask(input, definition);
  const tags = tagsOf(input, definition);
  const made = providersFor(input, cluster).map((provider) =>
    newTask({ input, cluster, definition, provider, tags, world }),
  );
  const { started, failures } = admit(made, world);
  for (const { record, fate } of started) {
    world.tasks.set(record.id, record);
    begin(record, fate, world);
  }
  const tasks = started.map(({ record: { task, tags } }) => ({ ...task, tags }));
  if (use) remember(use, { taskArns: tasks.map(({ taskArn }) => taskArn), failures }, world);
  return { tasks, failures };
}

interface NewTask {
  readonly input: Input;
  readonly cluster: Cluster;
  readonly definition: TaskDefinition;
  readonly provider: string | undefined;
  readonly tags: readonly Tag[];
  readonly world: World;
}

function newTask({ input, cluster, definition, provider, tags, world }: NewTask): TaskRecord {
  const id = randomBytes(16).toString('hex');
  const overrides = object(input, 'overrides') ?? {};
  const size = sizeOf(definition, overrides);
  const arn = taskArn(world, { cluster: cluster.name, id });
  const containers = objects(definition.shown, 'containerDefinitions') ?? [];
  const network = object(object(input, 'networkConfiguration') ?? {}, 'awsvpcConfiguration') ?? {};
  const startedBy = text(input, 'startedBy');
  return {
    id,
    tags,
    networkConfiguration: network,
    leftovers: [],
    task: {
      taskArn: arn,
      clusterArn: cluster.arn,
      taskDefinitionArn: definition.arn,
      availabilityZone: `${world.region}a`,
      attachments: [
        {
          id: randomUUID(),
          type: 'ElasticNetworkInterface',
          status: 'PRECREATED',
          details: [{ name: 'subnetId', value: texts(network, 'subnets')?.[0] ?? '' }],
        },
      ],
      attributes: [{ name: 'ecs.cpu-architecture', value: architectureOf(definition) }],
      containers: containers.map((container) => newContainer(container, { cluster, id, arn, overrides, world })),
      overrides: shownOverrides(overrides, containers),
      ...taskSize(size),
      ephemeralStorage: object(overrides, 'ephemeralStorage') ??
        object(definition.shown, 'ephemeralStorage') ?? { sizeInGiB: 20 },
      group: text(input, 'group') ?? `family:${definition.family}`,
      ...(startedBy === undefined ? {} : { startedBy }),
      launchType: 'FARGATE',
      ...(provider === undefined ? {} : { capacityProviderName: provider }),
      platformVersion: '1.4.0',
      platformFamily: 'Linux',
      enableExecuteCommand: input.enableExecuteCommand === true,
      healthStatus: 'UNKNOWN',
      createdAt: epochSeconds(world.clock),
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 1,
    },
  };
}

const taskSize = (size: Size) => ({ cpu: String(size.cpuUnits), memory: String(size.memoryMiB) });

const architectureOf = (definition: TaskDefinition): string =>
  object(definition.shown, 'runtimePlatform')?.cpuArchitecture === 'ARM64' ? 'arm64' : 'x86_64';

function newContainer(
  container: Input,
  task: { cluster: Cluster; id: string; arn: string; overrides: Input; world: World },
): TaskRecord['task']['containers'][number] {
  const name = text(container, 'name') ?? '';
  const image = text(container, 'image') ?? '';
  const override = containerOverride(task.overrides, name);
  const memory = number(override, 'memory') ?? number(container, 'memory');
  const memoryReservation = number(override, 'memoryReservation') ?? number(container, 'memoryReservation');
  return {
    containerArn: containerArn(task.world, { cluster: task.cluster.name, task: task.id, id: randomUUID() }),
    taskArn: task.arn,
    name,
    image,
    lastStatus: 'PENDING',
    networkInterfaces: [],
    healthStatus: 'UNKNOWN',
    cpu: String(number(override, 'cpu') ?? number(container, 'cpu') ?? 0),
    ...(memory === undefined ? {} : { memory: String(memory) }),
    ...(memoryReservation === undefined ? {} : { memoryReservation: String(memoryReservation) }),
  };
}

/** ECS shows an override for every container, empty where the request had none. */
function shownOverrides(overrides: Input, containers: readonly Input[]): Input {
  const containerOverrides = containers.map((container) => ({
    ...containerOverride(overrides, text(container, 'name') ?? ''),
    name: container.name,
  }));
  return { ...overrides, containerOverrides, inferenceAcceleratorOverrides: [] };
}

// APIReference/API_RunTask, propagateTags: without it a task has the tags of the request alone.
function tagsOf(input: Input, definition: TaskDefinition): Tag[] {
  const own = checkedTags(input);
  const propagated = input.propagateTags === 'TASK_DEFINITION' ? definition.tags : [];
  return [...propagated.filter((tag) => !own.some(({ key }) => key === tag.key)), ...own];
}
