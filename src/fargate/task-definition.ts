import type { ConfigValues } from '../config/schema.ts';
import { stableJson } from '../util/stable-json.ts';
import { snapToFargate } from './sizes.ts';

type Engine = ConfigValues['execution_engine'];

/**
 * What RegisterTaskDefinition takes, as far as Wherry sets it. Names are the ECS API's. Sizes are those of the
 * smallest task: each RunTask overrides them.
 */
export interface TaskDefinitionInput {
  readonly family: string;
  readonly networkMode: 'awsvpc';
  readonly requiresCompatibilities: readonly ['FARGATE'];
  readonly cpu: string;
  readonly memory: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  readonly runtimePlatform: { readonly operatingSystemFamily: 'LINUX'; readonly cpuArchitecture: 'X86_64' | 'ARM64' };
  readonly ephemeralStorage?: { readonly sizeInGiB: number };
  readonly containerDefinitions: readonly [MainContainer];
}

interface MainContainer {
  readonly name: string;
  readonly image: string;
  readonly essential: true;
  readonly entryPoint: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly linuxParameters: { readonly initProcessEnabled: true };
  readonly logConfiguration: { readonly logDriver: 'awslogs'; readonly options: Readonly<Record<string, string>> };
}

export interface OwnedDefinition {
  readonly family: string;
  readonly projectName: string;
  readonly engine: Engine;
  readonly image: string;
  readonly region: string;
  readonly step: ConfigValues['step'];
  /** Environment that every task needs, such as an inlined step. */
  readonly environment: Readonly<Record<string, string>>;
}

export function ownedLogGroup(projectName: string, engine: Engine): string {
  return engine.log_group ?? `/ecs/wherry-${projectName}`;
}

/** The definition of a family that Wherry owns. Its `entryPoint` lets one and the same command run here and in a user's family. */
export function taskDefinition({
  family,
  projectName,
  engine,
  image,
  region,
  step,
  environment,
}: OwnedDefinition): TaskDefinitionInput {
  const smallest = snapToFargate({ vcpu: 0, memoryMiB: 0 });
  return {
    family,
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: String((smallest?.vcpu ?? 0.25) * 1024),
    memory: String(smallest?.memoryMiB ?? 512),
    ...(engine.task_role_arn === undefined ? {} : { taskRoleArn: engine.task_role_arn }),
    ...(engine.execution_role_arn === undefined ? {} : { executionRoleArn: engine.execution_role_arn }),
    runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: engine.runtime_platform.cpu_architecture },
    ...(engine.ephemeral_storage === undefined
      ? {}
      : { ephemeralStorage: { sizeInGiB: engine.ephemeral_storage.size_in_gib } }),
    containerDefinitions: [
      {
        name: engine.container_name,
        image,
        essential: true,
        entryPoint: step === 'kedro' ? ['env', 'kedro', 'run'] : ['env'],
        environment: pairs(environment).map(([name, value]) => ({ name, value })),
        secrets: pairs(engine.secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
        linuxParameters: { initProcessEnabled: true },
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': ownedLogGroup(projectName, engine),
            'awslogs-region': region,
            'awslogs-stream-prefix': engine.log_stream_prefix,
            // Without it lines are dropped when the buffer is full (the default since June 2025).
            mode: 'blocking',
          },
        },
      },
    ],
  };
}

/**
 * Whether a described revision says what `wanted` says. Only what Wherry sets is compared; ECS adds defaults
 * (`cpu: 0`, `portMappings: []` …) that mean the same, and orders environment and secrets as it likes.
 */
export function saysTheSame(described: object, wanted: TaskDefinitionInput): boolean {
  return stableJson(canonical(pickLike(described, wanted))) === stableJson(canonical(wanted));
}

/** Of `value`, only the keys that `like` has, at every level. */
function pickLike(value: unknown, like: unknown): unknown {
  if (Array.isArray(like)) {
    return Array.isArray(value) && isObject(like[0]) ? value.map((item) => pickLike(item, like[0])) : (value ?? []);
  }
  if (!isObject(like) || !isObject(value)) return value;
  return Object.fromEntries(Object.keys(like).map((key) => [key, pickLike(value[key], like[key])]));
}

/** Lists of named things are sets to ECS. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(canonical);
    return items.every((item) => isObject(item) && 'name' in item)
      ? items.map((item) => stableJson(item)).sort()
      : items;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonical(item)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function pairs(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
