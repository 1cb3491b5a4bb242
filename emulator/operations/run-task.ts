import { randomBytes, randomUUID } from 'node:crypto';
import { containerArn, taskArn } from '../arn.ts';
import { AwsError, clientException, invalidParameter } from '../aws-error.ts';
import { canonical, sha256 } from '../canonical.ts';
import { epochSeconds } from '../clock.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import {
  type Cluster,
  forgetOldTasks,
  saveTask,
  type Tag,
  type TaskDefinition,
  type TaskRecord,
  type World,
} from '../state.ts';
import { begin } from '../task-life.ts';
import { containerOverride } from '../task-specs.ts';
import { providersFor } from './capacity-providers.ts';
import { clusterOf } from './clusters.ts';
import { checkRunTask, type Size, sizeOf } from './run-task-rules.ts';
import { checkedTags } from './tags.ts';
import { findTaskDefinition } from './task-definitions.ts';

// APIReference/API_RunTask.
export function runTask(input: Input, world: World): Input {
  forgetOldTasks(world);
  const cluster = clusterOf(input, world);
  const launch = launchOf(input);
  const replay = launch && replayed(launch, { cluster, world });
  if (replay) return replay;
  const definition = findTaskDefinition(text(input, 'taskDefinition') ?? '', world);
  if (!definition) throw clientException('TaskDefinition not found.');
  checkRunTask(input, definition);
  const tags = tagsOf(input, definition);
  const records = providersFor(input, cluster).map((provider) =>
    newTask({ input, cluster, definition, launch, provider, tags, world }),
  );
  for (const record of records) {
    world.tasks.set(record.id, record);
    saveTask(world, record);
    begin(record, world);
  }
  return { tasks: records.map(({ task, tags }) => ({ ...task, tags })), failures: [] };
}

type Launch = NonNullable<TaskRecord['launch']>;

function launchOf(input: Input): Launch | undefined {
  const token = text(input, 'clientToken');
  if (token === undefined) return undefined;
  // APIReference/API_RunTask, clientToken: up to 64 characters from the ASCII range 33 to 126.
  if (!/^[\x21-\x7e]{1,64}$/.test(token)) {
    throw invalidParameter('clientToken must have between 1 and 64 characters in the ASCII range 33-126.');
  }
  const { clientToken: _, ...parameters } = input;
  return { token, parameters: sha256(canonical(parameters)) };
}

const TOKEN_SECONDS = 24 * 3600;

// APIReference/ECS_Idempotency.html: a token belongs to a cluster and lives as long as ECS remembers the last of its
// tasks, 24 hours at most. A replay shows live tasks whole, and of stopped ones the ARN and the two statuses.
function replayed(launch: Launch, { cluster, world }: { cluster: Cluster; world: World }): Input | undefined {
  const youngest = epochSeconds(world.clock) - TOKEN_SECONDS;
  const earlier = [...world.tasks.values()].filter(
    (record) =>
      record.launch?.token === launch.token &&
      record.task.clusterArn === cluster.arn &&
      record.task.createdAt > youngest,
  );
  if (earlier.length === 0) return undefined;
  if (earlier.some((record) => record.launch?.parameters !== launch.parameters)) {
    throw new AwsError('ConflictException', 'The request with this clientToken was made with other parameters.', {
      details: { resourceIds: earlier.map(({ task }) => task.taskArn) },
    });
  }
  const tasks = earlier.map(({ task, tags }) =>
    task.lastStatus === 'STOPPED'
      ? { taskArn: task.taskArn, lastStatus: task.lastStatus, desiredStatus: task.desiredStatus }
      : { ...task, tags },
  );
  return { tasks, failures: [] };
}

interface NewTask {
  readonly input: Input;
  readonly cluster: Cluster;
  readonly definition: TaskDefinition;
  readonly launch: Launch | undefined;
  readonly provider: string | undefined;
  readonly tags: readonly Tag[];
  readonly world: World;
}

function newTask({ input, cluster, definition, launch, provider, tags, world }: NewTask): TaskRecord {
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
    ...(launch ? { launch } : {}),
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
    imageDigest: /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1] ?? `sha256:${sha256(image)}`,
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
