import { taskDefinitionArn } from '../arn.ts';
import { epochSeconds } from '../clock.ts';
import { cpuUnits, memoryMiB } from '../fargate-sizes.ts';
import { type Input, object, objects, text, texts } from '../input.ts';
import { saveTaskDefinition, type TaskDefinition, type World } from '../state.ts';
import { checkDefinition } from './definition-rules.ts';
import { checkedTags } from './tags.ts';

// The shape of the request has no such members (APIReference/API_RegisterTaskDefinition), so the service never sees them.
const NOT_REGISTERED = ['tags', 'deregisteredAt', 'deleteRequestedAt'];

// APIReference/API_RegisterTaskDefinition.
export function registerTaskDefinition(input: Input, world: World): Input {
  const containers = objects(input, 'containerDefinitions') ?? [];
  const family = text(input, 'family') ?? '';
  checkDefinition(input);
  const isFargate = (texts(input, 'requiresCompatibilities') ?? []).includes('FARGATE');
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
      ...fullRoles(input, world),
      containerDefinitions: containers.map((container) => withDefaults(container, input)),
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

/** ECS answers sizes as integers, however they were written (APIReference/API_TaskDefinition, cpu and memory). */
function normalSizes(input: Input): Input {
  const cpu = text(input, 'cpu');
  const memory = text(input, 'memory');
  return {
    ...(cpu ? { cpu: String(cpuUnits(cpu) ?? cpu) } : {}),
    ...(memory ? { memory: String(memoryMiB(memory) ?? memory) } : {}),
  };
}

/** ECS fills in the account of a role that is given by its name (capitalone/Particle-Cloud-Framework#128). */
function fullRoles(input: Input, world: World): Input {
  const roles = ['taskRoleArn', 'executionRoleArn'].flatMap((key) => {
    const role = text(input, key);
    if (role === undefined) return [];
    return [[key, role.startsWith('arn:') ? role : `arn:aws:iam::${world.account}:role/${role}`] as const];
  });
  return Object.fromEntries(roles);
}

/** What ECS writes into a container definition that does not say it (APIReference/API_RegisterTaskDefinition, examples). */
function withDefaults(container: Input, definition: Input): Input {
  const portMappings = (objects(container, 'portMappings') ?? []).map((mapping) => ({
    ...(definition.networkMode === 'awsvpc' ? { hostPort: mapping.containerPort } : {}),
    protocol: 'tcp',
    ...mapping,
  }));
  const empty = { environment: [], mountPoints: [], volumesFrom: [], systemControls: [] };
  return { cpu: 0, essential: true, ...empty, ...container, portMappings };
}

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
