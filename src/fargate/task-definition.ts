import type { ConfigValues } from '../config/schema.ts';
import { cpuUnits } from './run-task-request.ts';
import { promisedToSidecars } from './sidecars.ts';
import { snapToFargate } from './sizes.ts';

type Engine = ConfigValues['execution_engine'];
type Sidecar = Engine['sidecars'][string];

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
  readonly taskRoleArn: string | undefined;
  readonly executionRoleArn: string | undefined;
  readonly runtimePlatform: { readonly operatingSystemFamily: 'LINUX'; readonly cpuArchitecture: 'X86_64' | 'ARM64' };
  readonly ephemeralStorage: { readonly sizeInGiB: number } | undefined;
  readonly volumes: readonly Volume[];
  readonly containerDefinitions: readonly [MainContainer, ...Container[]];
}

interface Volume {
  readonly name: string;
  readonly efsVolumeConfiguration: {
    readonly fileSystemId: string;
    readonly rootDirectory: string;
    readonly transitEncryption: 'ENABLED';
    readonly authorizationConfig: {
      readonly accessPointId: string | undefined;
      readonly iam: 'ENABLED' | 'DISABLED';
    };
  };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly entryPoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly mountPoints: readonly MountPoint[];
  readonly dependsOn: readonly { readonly containerName: string; readonly condition: string }[];
  readonly linuxParameters: { readonly initProcessEnabled: true } | undefined;
  readonly healthCheck: HealthCheck | undefined;
  /** Units of a 1024th vCPU, and MiB. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly user: string | undefined;
  readonly logConfiguration: LogConfiguration;
}

interface MainContainer extends Container {
  readonly essential: true;
}

interface MountPoint {
  readonly sourceVolume: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

interface HealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number | undefined;
}

interface LogConfiguration {
  readonly logDriver: 'awslogs';
  readonly options: Readonly<Record<string, string>>;
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
export function taskDefinition(owned: OwnedDefinition): TaskDefinitionInput {
  const { family, engine } = owned;
  const logConfiguration = logs(owned);
  const sidecars = pairs(engine.sidecars).map(([name, sidecar]) => sidecarContainer(name, sidecar, logConfiguration));
  const { cpu, memory } = promisedToSidecars(engine) ?? { cpu: 0, memory: 0 };
  // The pipeline's container must have something as well.
  const smallest = snapToFargate({ vcpu: (cpu + 1) / 1024, memoryMiB: memory + 1 });
  return {
    family,
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: String((smallest?.vcpu ?? 0.25) * 1024),
    memory: String(smallest?.memoryMiB ?? 512),
    taskRoleArn: engine.task_role_arn,
    executionRoleArn: engine.execution_role_arn,
    runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: engine.runtime_platform.cpu_architecture },
    ephemeralStorage: engine.ephemeral_storage && { sizeInGiB: engine.ephemeral_storage.size_in_gib },
    volumes: volumes(engine).map(({ volume }) => volume),
    containerDefinitions: [mainContainer(owned, logConfiguration), ...sidecars],
  };
}

function mainContainer(
  { engine, image, step, environment }: OwnedDefinition,
  logConfiguration: LogConfiguration,
): MainContainer {
  return {
    name: engine.container_name,
    image,
    essential: true,
    entryPoint: step === 'kedro' ? ['env', 'kedro', 'run'] : ['env'],
    command: undefined,
    environment: variables(environment),
    secrets: secretsOf(engine.secrets),
    mountPoints: volumes(engine).map(({ mountPoint }) => mountPoint),
    dependsOn: pairs(engine.sidecars).map(([containerName, { condition, health_check: check }]) => ({
      containerName,
      condition: condition ?? (check === undefined ? 'START' : 'HEALTHY'),
    })),
    linuxParameters: { initProcessEnabled: true },
    healthCheck: undefined,
    cpu: undefined,
    memory: undefined,
    user: undefined,
    logConfiguration,
  };
}

function sidecarContainer(name: string, sidecar: Sidecar, logConfiguration: LogConfiguration): Container {
  const { health_check: check, vcpu } = sidecar;
  return {
    name,
    image: sidecar.image,
    essential: sidecar.essential,
    entryPoint: sidecar.entry_point,
    command: sidecar.command,
    environment: variables(sidecar.env),
    secrets: secretsOf(sidecar.secrets),
    mountPoints: [],
    dependsOn: [],
    linuxParameters: undefined,
    // With the API's defaults written down, what ECS describes is what was asked for.
    healthCheck: check && {
      command: check.command,
      interval: check.interval ?? 30,
      timeout: check.timeout ?? 5,
      retries: check.retries ?? 3,
      startPeriod: check.start_period,
    },
    cpu: vcpu === undefined ? undefined : cpuUnits(vcpu),
    memory: sidecar.memory,
    user: sidecar.user,
    logConfiguration,
  };
}

function volumes({ efs }: Engine): { volume: Volume; mountPoint: MountPoint }[] {
  return pairs(efs).map(([containerPath, fileSystem], index) => {
    const name = `efs-${index + 1}`;
    const efsVolumeConfiguration = {
      fileSystemId: fileSystem.file_system_id,
      rootDirectory: fileSystem.root_directory ?? '/',
      transitEncryption: 'ENABLED',
      authorizationConfig: {
        accessPointId: fileSystem.access_point_id,
        iam: fileSystem.iam ? 'ENABLED' : 'DISABLED',
      },
    } as const;
    return {
      volume: { name, efsVolumeConfiguration },
      mountPoint: { sourceVolume: name, containerPath, readOnly: fileSystem.read_only },
    };
  });
}

function logs({ projectName, engine, region }: OwnedDefinition): LogConfiguration {
  return {
    logDriver: 'awslogs',
    options: {
      'awslogs-group': ownedLogGroup(projectName, engine),
      'awslogs-region': region,
      'awslogs-stream-prefix': engine.log_stream_prefix,
      // Without it lines are dropped when the buffer is full (the default since June 2025).
      mode: 'blocking',
    },
  };
}

function variables(environment: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return pairs(environment).map(([name, value]) => ({ name, value }));
}

function secretsOf(secrets: Readonly<Record<string, string>>): { name: string; valueFrom: string }[] {
  return pairs(secrets).map(([name, valueFrom]) => ({ name, valueFrom }));
}

function pairs<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
