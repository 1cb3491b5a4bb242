import { taskDefinitionArn } from '../arn.ts';
import { clientException } from '../aws-error.ts';
import { epochSeconds } from '../clock.ts';
import { cpuUnits, isFargateSize, memoryMiB } from '../fargate-sizes.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import { saveTaskDefinition, type TaskDefinition, type World } from '../state.ts';
import { checkedTags } from './tags.ts';

// The shape of the request has no such members (APIReference/API_RegisterTaskDefinition), so the service never sees them.
const NOT_REGISTERED = ['tags', 'deregisteredAt', 'deleteRequestedAt'];

// APIReference/API_RegisterTaskDefinition. The words of the errors are those of the public reports in BEHAVIOUR.md.
export function registerTaskDefinition(input: Input, world: World): Input {
  const containers = objects(input, 'containerDefinitions') ?? [];
  const family = text(input, 'family') ?? '';
  checkNames(family, containers);
  const isFargate = (texts(input, 'requiresCompatibilities') ?? []).includes('FARGATE');
  if (isFargate) checkFargate(input, containers);
  checkSizes(input, containers);
  // Quota "Task definition size", general/latest/gr/ecs-service.html.
  const length = JSON.stringify(input).length;
  if (length > 65_536) throw clientException(`Actual length: '${length}'. Max allowed length is '65536' bytes.`);

  const revisions = world.families.get(family) ?? [];
  const revision = revisions.length + 1;
  const arn = taskDefinitionArn(world, `${family}:${revision}`);
  const tags = checkedTags(input);
  const registered = Object.fromEntries(Object.entries(input).filter(([key]) => !NOT_REGISTERED.includes(key)));
  const definition: TaskDefinition = {
    family,
    revision,
    arn,
    tags,
    shown: {
      ...registered,
      ...normalSizes(input),
      containerDefinitions: containers.map(withDefaults),
      volumes: input.volumes ?? [],
      placementConstraints: input.placementConstraints ?? [],
      taskDefinitionArn: arn,
      revision,
      status: 'ACTIVE',
      requiresAttributes: attributes(input, containers),
      compatibilities: isFargate ? ['EC2', 'FARGATE'] : ['EC2'],
      registeredAt: epochSeconds(world.clock),
      registeredBy: `arn:aws:iam::${world.account}:root`,
    },
  };
  world.families.set(family, [...revisions, definition]);
  saveTaskDefinition(world, definition);
  return { taskDefinition: definition.shown, tags };
}

function checkNames(family: string, containers: readonly Input[]): void {
  if (family === '') throw clientException('Family should not be null or empty.');
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw clientException('Family contains invalid characters.');
  if (containers.length === 0) throw clientException('Container list cannot be empty.');
  if (containers.length > 10) throw clientException('Too many containers.');
  const seen = new Set<string>();
  for (const container of containers) {
    const name = text(container, 'name') ?? '';
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw clientException('Container.name contains invalid characters.');
    if (!text(container, 'image')) throw clientException('Container.image should not be null or empty.');
    if (seen.has(name)) throw clientException(`Container.name '${name}' is used by more than one container.`);
    seen.add(name);
  }
  if (containers.every((container) => container.essential === false)) {
    throw clientException('At least one container should be essential.');
  }
}

// AmazonECS/latest/developerguide/fargate-tasks-services.html.
function checkFargate(input: Input, containers: readonly Input[]): void {
  if (input.networkMode !== 'awsvpc') throw clientException("Fargate only supports network mode 'awsvpc'.");
  const cpu = text(input, 'cpu');
  const memory = text(input, 'memory');
  if (!cpu) throw clientException("Fargate requires that 'cpu' be defined at the task level.");
  if (!memory) throw clientException("Fargate requires that 'memory' be defined at the task level.");
  checkFargateSize(cpu, memory);
  const usesAwslogs = containers.some((container) => object(container, 'logConfiguration')?.logDriver === 'awslogs');
  const usesEcr = containers.some((container) => /\.dkr\.ecr\./.test(text(container, 'image') ?? ''));
  if (!text(input, 'executionRoleArn')) {
    const requires = (what: string) =>
      clientException(`Fargate requires task definition to have execution role ARN to support ${what}.`);
    if (usesEcr) throw requires('ECR images');
    if (usesAwslogs) throw requires('log driver awslogs');
  }
  for (const container of containers) checkAwslogs(container);
}

// AmazonECS/latest/developerguide/specify-log-config.html: which options of awslogs Fargate requires.
function checkAwslogs(container: Input): void {
  const log = object(container, 'logConfiguration');
  if (log?.logDriver !== 'awslogs') return;
  const options = object(log, 'options') ?? {};
  const missing = ['awslogs-group', 'awslogs-region', 'awslogs-stream-prefix'].filter((key) => !options[key]);
  if (missing.length > 0) throw clientException(`Log driver awslogs requires options: ${missing.join(', ')}`);
}

export function checkFargateSize(cpu: string, memory: string): void {
  const units = cpuUnits(cpu);
  const mib = memoryMiB(memory);
  if (units === undefined) throw clientException(`Invalid 'cpu' setting for task: '${cpu}'.`);
  if (mib === undefined) throw clientException(`Invalid 'memory' setting for task: '${memory}'.`);
  if (isFargateSize(units, mib)) return;
  throw clientException(
    `No Fargate configuration exists for given values: ${units} CPU, ${mib} memory. ` +
      'See the Amazon ECS documentation for the valid values.',
  );
}

// APIReference/API_ContainerDefinition: the memory and cpu of all containers must be at most those of the task.
function checkSizes(input: Input, containers: readonly Input[]): void {
  for (const resource of ['memory', 'cpu'] as const) {
    const written = text(input, resource);
    const limit = written && (resource === 'cpu' ? cpuUnits(written) : memoryMiB(written));
    let sum = 0;
    for (const container of containers) {
      const soft = resource === 'memory' ? number(container, 'memoryReservation') : undefined;
      const wanted = soft ?? number(container, resource) ?? 0;
      sum += wanted;
      if (limit && (wanted > limit || (number(container, resource) ?? 0) > limit)) {
        throw clientException(
          `The '${resource}' setting for container '${container.name}' is greater than for the task.`,
        );
      }
      if (!written && resource === 'memory' && wanted === 0) {
        throw clientException(
          `Invalid setting for container '${container.name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
        );
      }
    }
    if (limit && sum > limit) {
      throw clientException(`The sum of the '${resource}' settings of the containers is greater than for the task.`);
    }
  }
}

/** ECS answers sizes as integers, however they were written (APIReference/API_TaskDefinition, cpu and memory). */
function normalSizes(input: Input): Input {
  const cpu = text(input, 'cpu');
  const memory = text(input, 'memory');
  return {
    ...(cpu ? { cpu: String(cpuUnits(cpu) ?? cpu) } : {}),
    ...(memory ? { memory: String(memoryMiB(memory) ?? memory) } : {}),
  };
}

/** What ECS writes into a container definition that does not say it (APIReference/API_RegisterTaskDefinition, examples). */
const withDefaults = (container: Input): Input => ({
  cpu: 0,
  essential: true,
  environment: [],
  mountPoints: [],
  portMappings: [],
  volumesFrom: [],
  systemControls: [],
  ...container,
});

function attributes(input: Input, containers: readonly Input[]): Input[] {
  const names = new Set<string>();
  for (const container of containers) {
    const driver = object(container, 'logConfiguration')?.logDriver;
    if (driver) names.add(`com.amazonaws.ecs.capability.logging-driver.${driver}`);
    if (driver === 'awslogs') names.add('ecs.capability.execution-role-awslogs');
  }
  if (input.taskRoleArn) names.add('com.amazonaws.ecs.capability.task-iam-role');
  if (input.networkMode === 'awsvpc') names.add('ecs.capability.task-eni');
  return [...names].sort().map((name) => ({ name }));
}
