import { AwsError, clientException, invalidParameter } from '../aws-error.ts';
import { cpuUnits, memoryMiB } from '../fargate-sizes.ts';
import { type Input, number, object, objects, text, texts } from '../input.ts';
import type { TaskDefinition } from '../state.ts';
import { containerOverride } from '../task-specs.ts';
import { checkRole } from './definition-rules.ts';
import { checkFargateSize } from './fargate-rules.ts';

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
  if (input.propagateTags === 'SERVICE') {
    throw invalidParameter("propagateTags 'SERVICE' is not supported for RunTask.");
  }
  if (definition.shown.status !== 'ACTIVE') throw invalidParameter('TaskDefinition is inactive');
  if (!(texts(definition.shown, 'requiresCompatibilities') ?? []).includes('FARGATE')) {
    throw invalidParameter('Task definition does not support launch_type FARGATE.');
  }
  checkNetwork(input);
  checkPlacement(input);
  checkExec(input, definition);
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
  const groups = texts(network, 'securityGroups') ?? [];
  if (groups.length > 5) throw invalidParameter('securityGroups can have at most 5 items.');
  checkIds(subnets, { prefix: 'subnet', what: 'subnet', code: 'InvalidSubnetID.Malformed' });
  checkIds(groups, { prefix: 'sg', what: 'security group', code: 'InvalidGroupId.Malformed' });
}

/** Of subnets and groups only the form is known: there is no EC2 here. */
function checkIds(
  ids: readonly string[],
  { prefix, what, code }: { prefix: string; what: string; code: string },
): void {
  const wrong = ids.find((id) => !new RegExp(`^${prefix}-[a-z0-9]+$`).test(id));
  if (wrong === undefined) return;
  throw invalidParameter(
    `Error retrieving ${what} information for [${wrong}]: Invalid id: "${wrong}" (expecting "${prefix}-...") (ErrorCode: ${code})`,
  );
}

// APIReference/API_RunTask, platformVersion; AmazonECS/latest/developerguide/fargate-tasks-services.html for placement.
function checkPlacement(input: Input): void {
  if (!['LATEST', '1.4.0'].includes(text(input, 'platformVersion') ?? 'LATEST')) {
    throw new AwsError('PlatformUnknownException', 'The specified platform does not exist.');
  }
  for (const [key, what] of [
    ['placementConstraints', 'constraints'],
    ['placementStrategy', 'strategies'],
  ] as const) {
    if ((objects(input, key) ?? []).length === 0) continue;
    throw invalidParameter(`Placement ${what} are not supported with FARGATE launch type.`);
  }
}

// AmazonECS/latest/developerguide/ecs-exec.html: the task's containers need a role for it.
function checkExec(input: Input, definition: TaskDefinition): void {
  const role = text(object(input, 'overrides') ?? {}, 'taskRoleArn') ?? text(definition.shown, 'taskRoleArn');
  if (input.enableExecuteCommand !== true || role !== undefined) return;
  throw invalidParameter(
    "The task couldn't be started because a valid taskRoleArn is not being used. Specify a valid task role in your " +
      'task definition and try again.',
  );
}

function checkOverrides(overrides: Input, definition: TaskDefinition): void {
  // APIReference/API_RunTask, overrides: characters, those of the JSON included.
  if (JSON.stringify(overrides).length > 8192) {
    throw invalidParameter('Container Overrides length must be at most 8192');
  }
  const containers = objects(definition.shown, 'containerDefinitions') ?? [];
  for (const override of objects(overrides, 'containerOverrides') ?? []) {
    const name = text(override, 'name') ?? 'null';
    if (!containers.some((container) => container.name === name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
  }
  for (const key of ['taskRoleArn', 'executionRoleArn']) checkRole(text(overrides, key));
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
