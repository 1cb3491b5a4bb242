import { randomBytes } from 'node:crypto';
import { type Answer, json } from './answer.ts';
import { objects } from './input.ts';
import { findTaskDefinition } from './operations/task-definitions.ts';
import type { EcsContainer, TaskRecord, World } from './state.ts';
import { taskRoleOf } from './task-specs.ts';

const CREDENTIALS_HOURS = 6;

/** What Fargate answers to a container under 169.254.170.2: its credentials and its metadata. */
export function containerAnswer(path: string, options: { world: World; token: string | undefined }): Answer {
  const credentials = /^\/v2\/credentials\/([0-9a-f]{32})$/.exec(path)?.[1];
  if (credentials) return credentialsOf(credentials, options);
  const [, task, name, rest] = /^\/v4\/([0-9a-f]{32})-([^/]+)(\/task)?\/?$/.exec(path) ?? [];
  const record = options.world.tasks.get(task ?? '');
  const container = record?.task.containers.find((candidate) => candidate.name === name);
  if (!record || !container) return json(404, { message: `There is no ${path}` }, 'application/json');
  const shown = rest ? taskMetadata(record, options.world) : containerMetadata(container, record, options.world);
  return json(200, shown, 'application/json');
}

// sdkref/latest/guide/feature-container-credentials.html: the token is the Authorization header as it stands.
function credentialsOf(task: string, { world, token }: { world: World; token: string | undefined }): Answer {
  const record = world.tasks.get(task);
  const role = record && taskRoleOf(record, world);
  if (!role || token === undefined || token !== world.lives.get(task)?.secret) {
    return json(403, { code: 'AccessDenied', message: 'Not the token of this task' }, 'application/json');
  }
  return json(
    200,
    {
      RoleArn: role,
      AccessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      SecretAccessKey: randomBytes(30).toString('base64'),
      Token: randomBytes(48).toString('base64'),
      Expiration: new Date(world.clock.now() + CREDENTIALS_HOURS * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z'),
    },
    'application/json',
  );
}

// AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html.
function containerMetadata(container: EcsContainer, record: TaskRecord, world: World) {
  const { task } = record;
  const definition = findTaskDefinition(task.taskDefinitionArn, world);
  const defined = (objects(definition?.shown ?? {}, 'containerDefinitions') ?? []).find(
    ({ name }) => name === container.name,
  );
  const log = defined?.logConfiguration as { logDriver?: string; options?: Record<string, string> } | undefined;
  return {
    DockerId: container.runtimeId,
    Name: container.name,
    DockerName: container.name,
    Image: container.image,
    ImageID: container.imageDigest,
    Labels: {
      'com.amazonaws.ecs.cluster': task.clusterArn,
      'com.amazonaws.ecs.container-name': container.name,
      'com.amazonaws.ecs.task-arn': task.taskArn,
      'com.amazonaws.ecs.task-definition-family': definition?.family,
      'com.amazonaws.ecs.task-definition-version': String(definition?.revision),
    },
    DesiredStatus: task.desiredStatus,
    KnownStatus: container.lastStatus,
    Limits: { CPU: Number(container.cpu), ...(container.memory ? { Memory: Number(container.memory) } : {}) },
    CreatedAt: instant(task.pullStoppedAt),
    StartedAt: instant(task.startedAt),
    Type: 'NORMAL',
    ContainerARN: container.containerArn,
    ...(log ? { LogDriver: log.logDriver, LogOptions: log.options } : {}),
    Networks: [
      {
        NetworkMode: 'awsvpc',
        IPv4Addresses: container.networkInterfaces.map(({ privateIpv4Address }) => privateIpv4Address),
      },
    ],
  };
}

function taskMetadata(record: TaskRecord, world: World) {
  const { task } = record;
  const definition = findTaskDefinition(task.taskDefinitionArn, world);
  return {
    Cluster: task.clusterArn,
    TaskARN: task.taskArn,
    Family: definition?.family,
    Revision: String(definition?.revision),
    DesiredStatus: task.desiredStatus,
    KnownStatus: task.lastStatus,
    Limits: { CPU: Number(task.cpu) / 1024, Memory: Number(task.memory) },
    PullStartedAt: instant(task.pullStartedAt),
    PullStoppedAt: instant(task.pullStoppedAt),
    AvailabilityZone: task.availabilityZone,
    LaunchType: task.launchType,
    Containers: task.containers.map((container) => containerMetadata(container, record, world)),
  };
}

const instant = (seconds: number | undefined) =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
