import { clientException, invalidParameter } from '../aws-error.ts';
import { cpuUnits, memoryMiB } from '../fargate-sizes.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import type { TaskDefinition } from '../state.ts';
import { containerOverride } from '../task-specs.ts';
import { checkFargateSize } from './register-task-definition.ts';

export interface Size {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** What RunTask refuses. The words of the errors are those of the public reports in BEHAVIOUR.md. */
export function checkRunTask(input: Input, definition: TaskDefinition): void {
  const count = number(input, 'count') ?? 1;
  if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
  if (!/^[A-Za-z0-9/_-]{0,128}$/.test(text(input, 'startedBy') ?? '')) {
    throw invalidParameter('startedBy may have up to 128 letters, digits, hyphens, slashes and underscores.');
  }
  if (input.propagateTags === 'SERVICE') throw invalidParameter('propagateTags SERVICE is not supported for RunTask.');
  if (definition.shown.status !== 'ACTIVE') throw invalidParameter('TaskDefinition is inactive');
  if (!(texts(definition.shown, 'requiresCompatibilities') ?? []).includes('FARGATE')) {
    throw invalidParameter('Task definition does not support launch_type FARGATE.');
  }
  checkNetwork(input);
  checkOverrides(object(input, 'overrides') ?? {}, definition);
}

// APIReference/API_AwsVpcConfiguration; the quotas are in general/latest/gr/ecs-service.html.
function checkNetwork(input: Input): void {
  const network = object(object(input, 'networkConfiguration') ?? {}, 'awsvpcConfiguration');
  if (!network) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  const subnets = texts(network, 'subnets') ?? [];
  if (subnets.length === 0) throw invalidParameter('subnets can not be empty.');
  if (subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.');
  if ((texts(network, 'securityGroups') ?? []).length > 5) {
    throw invalidParameter('securityGroups can have at most 5 items.');
  }
}

function checkOverrides(overrides: Input, definition: TaskDefinition): void {
  // APIReference/API_RunTask, overrides: characters, those of the JSON included.
  if (JSON.stringify(overrides).length > 8192) {
    throw invalidParameter('Container Overrides length must be at most 8192');
  }
  const containers = objects(definition.shown, 'containerDefinitions') ?? [];
  for (const { name } of objects(overrides, 'containerOverrides') ?? []) {
    if (!containers.some((container) => container.name === name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
  }
  const storage = number(object(overrides, 'ephemeralStorage') ?? {}, 'sizeInGiB');
  // APIReference/API_EphemeralStorage.
  if (storage !== undefined && (storage < 21 || storage > 200)) {
    throw invalidParameter('ephemeralStorage sizeInGiB must be between 21 and 200.');
  }
  if (overrides.cpu !== undefined || overrides.memory !== undefined) {
    checkFargateSize(...written(definition, overrides));
  }
  checkSums(overrides, { containers, size: sizeOf(definition, overrides) });
}

function checkSums(overrides: Input, task: { containers: readonly Input[]; size: Size }): void {
  for (const [resource, limit] of [
    ['memory', task.size.memoryMiB],
    ['cpu', task.size.cpuUnits],
  ] as const) {
    let sum = 0;
    for (const container of task.containers) {
      const override = containerOverride(overrides, text(container, 'name') ?? '');
      const hard = number(override, resource) ?? number(container, resource) ?? 0;
      const soft = number(override, 'memoryReservation') ?? number(container, 'memoryReservation');
      if (hard > limit)
        throw invalidParameter(`'${resource}' setting for container '${container.name}' is greater than for task.`);
      sum += (resource === 'memory' ? soft : undefined) ?? hard;
    }
    if (sum > limit)
      throw invalidParameter(`The sum of the '${resource}' settings of the containers is greater than for task.`);
  }
}

function written(definition: TaskDefinition, overrides: Input): [cpu: string, memory: string] {
  return [
    text(overrides, 'cpu') ?? text(definition.shown, 'cpu') ?? '',
    text(overrides, 'memory') ?? text(definition.shown, 'memory') ?? '',
  ];
}

/** The size of a task, its overrides counted. */
export function sizeOf(definition: TaskDefinition, overrides: Input): Size {
  const [cpu, memory] = written(definition, overrides);
  const size = { cpuUnits: cpuUnits(cpu), memoryMiB: memoryMiB(memory) };
  if (size.cpuUnits === undefined || size.memoryMiB === undefined) {
    throw clientException(`Invalid size for task: cpu '${cpu}', memory '${memory}'.`);
  }
  return { cpuUnits: size.cpuUnits, memoryMiB: size.memoryMiB };
}
