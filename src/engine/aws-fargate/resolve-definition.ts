import { deflateSync } from 'node:zlib';
import { type ContainerLimits, limitsOfOthers } from '../../fargate/run-task-request.ts';
import { saysTheSame, taskDefinition } from '../../fargate/task-definition.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { EcsTaskDefinition } from '../../service/aws/ecs.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type { DeliveryOptions, Services } from './options.ts';

/** The one revision that all tasks of a run use. */
export interface Definition {
  readonly arn: string;
  /** `family:revision`, for people. */
  readonly name: string;
  /** Whether this run registered it. */
  readonly isNew: boolean;
  /** What its other containers are promised; undefined for a definition of Wherry's own, which has none and sets no limits. */
  readonly others: ContainerLimits | undefined;
  /** Where the main container's lines go; undefined where the definition names no awslogs group. */
  readonly log: { readonly group: string; readonly prefix: string } | undefined;
}

/** The user's family is used as it is; the family that Wherry owns gets a new revision only when its newest one differs. */
export async function resolveDefinition(
  options: DeliveryOptions,
  services: Services,
): Promise<Result<Definition, ServiceTrouble>> {
  const { task_definition: users, container_name: container } = options.settings.execution_engine;
  if (users !== undefined) return theUsers(users, container, services);
  const wanted = taskDefinition({
    projectName: options.projectName,
    engine: options.settings.execution_engine,
    image: options.settings.image ?? '',
    region: options.account.region,
    environment:
      options.spill === undefined ? { WHERRY_STEP_SOURCE: deflateSync(options.step).toString('base64') } : {},
  });
  const newest = await services.ecs.describeTaskDefinition(wanted.family);
  if (!newest.ok) return newest;
  if (newest.value !== undefined && saysTheSame(newest.value, wanted))
    return ok(summary(newest.value, container, false));

  const group = wanted.containerDefinitions[0].logConfiguration.options['awslogs-group'] as string;
  const created = await services.logs.createGroup(group);
  if (!created.ok) return created;
  const registered = await services.ecs.registerTaskDefinition(wanted);
  return registered.ok ? ok(summary(registered.value, container, true)) : registered;
}

async function theUsers(
  name: string,
  container: string,
  { ecs }: Services,
): Promise<Result<Definition, ServiceTrouble>> {
  const described = await ecs.describeTaskDefinition(name);
  if (!described.ok) return described;
  const trouble = { kind: 'refused', service: 'Amazon ECS', operation: 'DescribeTaskDefinition' } as const;
  if (described.value === undefined) {
    return failed({
      ...trouble,
      detail: `there is no task definition '${name}'`,
      help: 'register it, or leave execution_engine.task_definition out: Wherry then owns one',
    });
  }
  const names = (described.value.containerDefinitions ?? []).map((definition) => definition.name ?? '');
  if (!names.includes(container)) {
    return failed({
      ...trouble,
      detail: `'${name}' has no container '${container}', but ${names.map((known) => `'${known}'`).join(', ')}`,
      help: 'name the one that runs the pipeline in execution_engine.container_name',
    });
  }
  const others = limitsOfOthers(described.value.containerDefinitions ?? [], container);
  return ok({ ...summary(described.value, container, false), others });
}

function summary(definition: EcsTaskDefinition, container: string, isNew: boolean): Definition {
  const main = definition.containerDefinitions?.find(({ name }) => name === container);
  const options = main?.logConfiguration?.logDriver === 'awslogs' ? main.logConfiguration.options : undefined;
  const group = options?.['awslogs-group'];
  return {
    arn: definition.taskDefinitionArn ?? '',
    name: `${definition.family}:${definition.revision}`,
    isNew,
    others: undefined,
    log: group === undefined ? undefined : { group, prefix: options?.['awslogs-stream-prefix'] ?? 'ecs' },
  };
}
