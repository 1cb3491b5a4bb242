import { deflateSync } from 'node:zlib';
import { neededDefinitions } from '../../fargate/needed-definitions.ts';
import { isPlainKedro } from '../../fargate/plain-kedro.ts';
import { type ContainerLimits, limitsOfOthers } from '../../fargate/run-task-request.ts';
import { saysTheSame } from '../../fargate/says-the-same.ts';
import { promisedToSidecars, starvedBy } from '../../fargate/sidecars.ts';
import { describeSize } from '../../fargate/sizes.ts';
import { taskDefinition } from '../../fargate/task-definition.ts';
import type { Plan } from '../../model/plan.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import type { EcsTaskDefinition } from '../../service/aws/ecs.ts';
import { failed, ok, type Result } from '../../util/result.ts';
import type { DeliveryOptions, Services } from './options.ts';
import { reviewDefinition } from './review-definition.ts';

/** The one revision that all tasks of a run with this image use. */
export interface Definition {
  readonly arn: string;
  /** `family:revision`, for people. */
  readonly name: string;
  /** Whether this run registered it. */
  readonly isNew: boolean;
  /** What its other containers are promised; undefined for a definition of Wherry's own without such. */
  readonly others: ContainerLimits | undefined;
  /** Where the main container's lines go, in the account's region if it names none; undefined where the definition names no awslogs group. */
  readonly log: { readonly group: string; readonly prefix: string; readonly region?: string | undefined } | undefined;
}

/** By the image of the tasks that run in it; null where the family is the user's. */
export type Definitions = ReadonlyMap<string | null, Definition>;

/** The user's family is used as it is; one that Wherry owns gets a new revision only when its newest one differs. */
export async function resolveDefinitions(
  options: DeliveryOptions,
  plan: Plan,
  services: Services,
): Promise<Result<Definitions, ServiceTrouble>> {
  const definitions = new Map<string | null, Definition>();
  for (const { image, family } of neededDefinitions(plan, options.settings, options.sha256)) {
    const resolved =
      image === null
        ? await theUsers(family, plan, { options, services })
        : await owned(family, image, options, services);
    if (!resolved.ok) return resolved;
    definitions.set(image, resolved.value);
  }
  return ok(definitions);
}

async function owned(
  family: string,
  image: string,
  { settings, projectName, account, spill, step, say }: DeliveryOptions,
  services: Services,
): Promise<Result<Definition, ServiceTrouble>> {
  const { execution_engine: engine } = settings;
  const wanted = taskDefinition({
    family,
    projectName,
    engine,
    image,
    region: account.region,
    step: settings.step,
    environment:
      spill === undefined && !isPlainKedro(settings)
        ? { WHERRY_STEP_SOURCE: deflateSync(step).toString('base64') }
        : {},
  });
  const newest = await services.ecs.describeTaskDefinition(family);
  if (!newest.ok) return newest;
  const others = promisedToSidecars(engine);
  if (newest.value !== undefined && saysTheSame(newest.value, wanted))
    return ok({ ...summary(newest.value, engine.container_name, false), others });

  const group = wanted.containerDefinitions[0].logConfiguration.options['awslogs-group'] as string;
  const created = await services.logs.createGroup(group);
  if (!created.ok) {
    if (created.error.code !== 'AccessDeniedException') return created;
    // Who keeps the account's log groups elsewhere gives no right to make them.
    say(`the log group '${group}' must be there already: logs:CreateLogGroup is denied (${created.error.detail})`);
  }
  const registered = await services.ecs.registerTaskDefinition(wanted);
  return registered.ok ? ok({ ...summary(registered.value, engine.container_name, true), others }) : registered;
}

async function theUsers(
  name: string,
  { tasks }: Plan,
  { options, services }: { readonly options: DeliveryOptions; readonly services: Services },
): Promise<Result<Definition, ServiceTrouble>> {
  const { settings, spill, tell } = options;
  const { container_name: container } = settings.execution_engine;
  const described = await services.ecs.describeTaskDefinition(name);
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
  const main = described.value.containerDefinitions?.find(({ name: found }) => found === container);
  if (settings.image !== undefined && main?.image !== settings.image) {
    return failed({
      ...trouble,
      detail: `'${name}' has the image ${main?.image}, and ${settings.image} is asked for`,
      help: setImage(described.value.family ?? name, container),
    });
  }
  const others = limitsOfOthers(described.value.containerDefinitions ?? [], container);
  const [smallest] = others === undefined ? [] : starvedBy(others, tasks);
  if (others !== undefined && smallest !== undefined) {
    const promised = describeSize({ vcpu: others.cpu / 1024, memoryMiB: others.memory });
    return failed({
      ...trouble,
      detail: `in '${name}' the containers beside '${container}' are promised ${promised}, and task '${smallest.name}' has ${describeSize(smallest)} in all: nothing would be left for the pipeline`,
      help: 'give the tasks more under resources, or register a revision that promises the others less',
    });
  }
  tell(reviewDefinition(described.value, { settings, spill }));
  return ok({ ...summary(described.value, container, false), others });
}

/** Fargate takes the image from the definition only. The attributes are those that ECS shows and does not take (ECS API reference, RegisterTaskDefinition). */
function setImage(family: string, container: string): string {
  const file = `${family}.json`;
  return [
    'leave the image out, or register a revision that has it (wherry task-definition set-image, which will do so, is not in this version):',
    `aws ecs describe-task-definition --task-definition ${family} --query taskDefinition > ${file}`,
    `set the image of '${container}' in ${file}, and remove taskDefinitionArn, revision, status, requiresAttributes, compatibilities, registeredAt and registeredBy`,
    `aws ecs register-task-definition --cli-input-json file://${file}`,
  ].join('\n    ');
}

function summary(definition: EcsTaskDefinition, container: string, isNew: boolean): Omit<Definition, 'others'> {
  const main = definition.containerDefinitions?.find(({ name }) => name === container);
  const options = main?.logConfiguration?.logDriver === 'awslogs' ? main.logConfiguration.options : undefined;
  const group = options?.['awslogs-group'];
  return {
    arn: definition.taskDefinitionArn ?? '',
    name: `${definition.family}:${definition.revision}`,
    isNew,
    log:
      group === undefined
        ? undefined
        : { group, prefix: options?.['awslogs-stream-prefix'] ?? 'ecs', region: options?.['awslogs-region'] },
  };
}
