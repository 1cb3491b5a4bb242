import type { ContainerSpec } from './drivers/driver.ts';
import { type Input, number, object, objects, pairs, text, texts } from './input.ts';
import { bufferBytes } from './log-delivery.ts';
import { findTaskDefinition } from './operations/task-definitions.ts';
import type { TaskRecord, World } from './state.ts';

/** Where a container's lines go; undefined without awslogs. */
export interface LogPlace {
  readonly group: string;
  readonly stream: string;
  readonly mayCreateGroup: boolean;
  readonly isBlocking: boolean;
  readonly bufferBytes: number;
}

/** One container of a task, definition and overrides joined. */
export interface Planned {
  readonly name: string;
  readonly isEssential: boolean;
  readonly log: LogPlace | undefined;
  /** The environment variables that hold secrets, and where each is kept. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly dependsOn: readonly Dependency[];
  readonly healthCheck: HealthCheck | undefined;
  readonly spec: Omit<ContainerSpec, 'onLine'>;
}

/** What must be true of another container of the task before this one is started. */
export interface Dependency {
  readonly container: string;
  readonly condition: string;
}

/** Times in seconds. */
export interface HealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
}

// AmazonECS/latest/developerguide/task_definition_parameters.html, stopTimeout: 30 seconds by default on Fargate.
const STOP_TIMEOUT_SECONDS = 30;

export function plannedContainers(record: TaskRecord, options: { secret: string; world: World }): Planned[] {
  const definition = findTaskDefinition(record.task.taskDefinitionArn, options.world);
  const containers = objects(definition?.shown ?? {}, 'containerDefinitions') ?? [];
  return containers.map((container) => {
    const name = text(container, 'name') ?? '';
    const override = containerOverride(record.task.overrides, name);
    const image = text(container, 'image') ?? '';
    const environment = {
      ...regionAndEndpoints(options.world),
      ...pairs(container, 'environment'),
      ...pairs(override, 'environment'),
      ...addresses({ record, container: name, ...options }),
    };
    return {
      name,
      isEssential: container.essential !== false,
      log: logPlace(container, { name, task: record.id }),
      secrets: secretsOf(container),
      dependsOn: (objects(container, 'dependsOn') ?? []).map((dependency) => ({
        container: text(dependency, 'containerName') ?? '',
        condition: text(dependency, 'condition') ?? 'START',
      })),
      healthCheck: healthCheckOf(container),
      spec: {
        name,
        image,
        environment,
        entryPoint: texts(container, 'entryPoint'),
        // RunTask replaces the command and never the entry point before it.
        command: texts(override, 'command') ?? texts(container, 'command') ?? [],
        memoryMiB: number(override, 'memory') ?? number(container, 'memory') ?? Number(record.task.memory),
        cpuUnits: Number(record.task.cpu),
        stopTimeoutMs: (number(container, 'stopTimeout') ?? STOP_TIMEOUT_SECONDS) * 1000,
      },
    };
  });
}

const secretsOf = (container: Input): Record<string, string> =>
  Object.fromEntries(
    (objects(container, 'secrets') ?? []).map((secret) => [
      text(secret, 'name') ?? '',
      text(secret, 'valueFrom') ?? '',
    ]),
  );

// APIReference/API_HealthCheck: the defaults; CMD-SHELL is run by the container's shell.
function healthCheckOf(container: Input): HealthCheck | undefined {
  const check = object(container, 'healthCheck');
  if (check === undefined) return undefined;
  const [kind, ...words] = texts(check, 'command') ?? [];
  return {
    command: kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words,
    interval: number(check, 'interval') ?? 30,
    timeout: number(check, 'timeout') ?? 5,
    retries: number(check, 'retries') ?? 3,
    startPeriod: number(check, 'startPeriod') ?? 0,
  };
}

export function containerOverride(overrides: Input, name: string): Input {
  return (objects(overrides, 'containerOverrides') ?? []).find((override) => override.name === name) ?? {};
}

/** The role that the task's containers have; RunTask may replace the definition's. */
export function taskRoleOf(record: TaskRecord, world: World): string | undefined {
  const definition = findTaskDefinition(record.task.taskDefinitionArn, world);
  return text(record.task.overrides, 'taskRoleArn') ?? text(definition?.shown ?? {}, 'taskRoleArn');
}

// Fargate tells containers their region under both names; SDKs read one or the other.
function regionAndEndpoints({ region, endpoints }: World): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL_ECS: endpoints.own,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoints.own,
    AWS_ENDPOINT_URL_STS: endpoints.own,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
  };
}

// AmazonECS/latest/developerguide/task-iam-roles.html: a task without a task role has no credentials.
// SDKs take AWS_CONTAINER_CREDENTIALS_FULL_URI over http only from loopback addresses, which this is
// (sdkref/latest/guide/feature-container-credentials.html).
function addresses(options: { record: TaskRecord; container: string; secret: string; world: World }) {
  const { record, world } = options;
  const own = world.endpoints.own;
  const metadata = { ECS_CONTAINER_METADATA_URI_V4: `${own}/v4/${record.id}-${options.container}` };
  if (!taskRoleOf(record, world)) return metadata;
  return {
    ...metadata,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${own}/v2/credentials/${record.id}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: options.secret,
  };
}

// AmazonECS/latest/developerguide/specify-log-config.html: stream `prefix-name/container-name/ecs-task-id`.
function logPlace(container: Input, ids: { name: string; task: string }): LogPlace | undefined {
  const log = object(container, 'logConfiguration');
  if (log?.logDriver !== 'awslogs') return undefined;
  const options = object(log, 'options') ?? {};
  return {
    group: text(options, 'awslogs-group') ?? '',
    stream: `${text(options, 'awslogs-stream-prefix') ?? 'ecs'}/${ids.name}/${ids.task}`,
    mayCreateGroup: text(options, 'awslogs-create-group') === 'true',
    isBlocking: text(options, 'mode') === 'blocking',
    bufferBytes: bufferBytes(text(options, 'max-buffer-size')),
  };
}
