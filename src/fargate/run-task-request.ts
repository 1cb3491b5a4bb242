import type { ConfigValues } from '../config/schema.ts';
import type { Launch } from '../model/run.ts';
import { capacityOf } from './capacity.ts';

type Engine = ConfigValues['execution_engine'];

/** The longest `overrides` that RunTask takes, as JSON (ECS API reference, TaskOverride). */
export const OVERRIDES_LIMIT = 8192;

/** The tag by which a task of Wherry's names its run, whoever started it. */
export const RUN_ID_TAG = 'wherry:run-id';

export interface RunTaskDetails {
  readonly engine: Engine;
  /** With its revision, so that one run never mixes revisions. */
  readonly taskDefinitionArn: string;
  readonly runId: string;
  readonly clientToken: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly launch: Launch;
  /** Of the main container, in a definition that may limit its containers. */
  readonly containerLimits?: ContainerLimits | undefined;
}

/** CPU units and MiB. */
export interface ContainerLimits {
  readonly cpu: number;
  readonly memory: number;
}

interface Limited {
  readonly name?: string | undefined;
  readonly cpu?: number | undefined;
  readonly memory?: number | undefined;
  readonly memoryReservation?: number | undefined;
}

/** What the containers beside the main one are promised: the sum must stay within the task's size. Undefined where none is limited, the main one included. */
export function limitsOfOthers(containers: readonly Limited[], main: string): ContainerLimits | undefined {
  const all = containers.map(({ name, cpu = 0, memory, memoryReservation }) => {
    return { name, cpu, memory: memory ?? memoryReservation ?? 0 };
  });
  if (all.every(({ cpu, memory }) => cpu === 0 && memory === 0)) return undefined;
  const others = all.filter(({ name }) => name !== main);
  return {
    cpu: others.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: others.reduce((sum, { memory }) => sum + memory, 0),
  };
}

/** As ECS counts: 1024 units are one vCPU. */
export function cpuUnits(vcpu: number): number {
  return Math.round(vcpu * 1024);
}

/** What RunTask takes for one attempt at one task. Names are the ECS API's. */
export function runTaskRequest(details: RunTaskDetails) {
  const { engine, taskDefinitionArn, runId, clientToken, launch } = details;
  return {
    cluster: engine.cluster,
    taskDefinition: taskDefinitionArn,
    count: 1,
    ...capacityOf(engine, launch.spot),
    platformVersion: engine.platform_version,
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: engine.subnets,
        securityGroups: engine.security_groups,
        assignPublicIp: engine.assign_public_ip ? ('ENABLED' as const) : ('DISABLED' as const),
      },
    },
    startedBy: runId,
    clientToken,
    tags: Object.entries({ ...engine.tags, [RUN_ID_TAG]: runId }).map(([key, value]) => ({ key, value })),
    ...(engine.propagate_tags === undefined ? {} : { propagateTags: engine.propagate_tags }),
    ...(engine.enable_execute_command ? { enableExecuteCommand: true } : {}),
    overrides: overrides(details),
  };
}

function overrides({ engine, command, environment, launch, containerLimits }: RunTaskDetails) {
  const names = Object.keys(environment).sort();
  return {
    cpu: String(cpuUnits(launch.vcpu)),
    memory: String(launch.memoryMiB),
    ...(engine.ephemeral_storage === undefined
      ? {}
      : { ephemeralStorage: { sizeInGiB: engine.ephemeral_storage.size_in_gib } }),
    ...roles(engine),
    containerOverrides: [
      {
        name: engine.container_name,
        command: [...command],
        ...containerLimits,
        environment: names.map((name) => ({ name, value: environment[name] as string })),
      },
    ],
  };
}

/** A definition that Wherry owns has them itself; one of the user's may have others. */
function roles({ task_definition: users, task_role_arn: task, execution_role_arn: execution }: Engine) {
  if (users === undefined) return {};
  return {
    ...(task === undefined ? {} : { taskRoleArn: task }),
    ...(execution === undefined ? {} : { executionRoleArn: execution }),
  };
}
