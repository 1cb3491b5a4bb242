import type { Clock } from './clock.ts';
import type { Driver } from './drivers/driver.ts';
import type { FateEnd } from './faults/fate.ts';
import type { Faults } from './faults/faults.ts';
import type { Input } from './input.ts';
import type { LogStore } from './log-store.ts';
import type { Saver } from './saver.ts';
import type { Secrets } from './secrets.ts';

export interface Tag {
  readonly key: string;
  readonly value?: string;
}

export interface Cluster {
  readonly name: string;
  readonly arn: string;
  readonly capacityProviders: readonly string[];
  readonly defaultCapacityProviderStrategy: readonly Input[];
  readonly settings: readonly Input[];
  readonly configuration?: Input;
  readonly tags: readonly Tag[];
  /** ECS shows it as INACTIVE. */
  readonly isDeleted?: boolean;
}

/** One revision. `shown` is what DescribeTaskDefinition answers: all that was registered, and what ECS adds. */
export interface TaskDefinition {
  readonly family: string;
  readonly revision: number;
  readonly arn: string;
  readonly shown: Input;
  readonly tags: readonly Tag[];
}

export interface EcsContainer {
  containerArn: string;
  taskArn: string;
  name: string;
  image: string;
  imageDigest?: string;
  runtimeId?: string;
  lastStatus: string;
  exitCode?: number;
  reason?: string;
  networkInterfaces: { attachmentId: string; privateIpv4Address: string }[];
  healthStatus: string;
  cpu: string;
  memory?: string;
  memoryReservation?: string;
}

export interface Attachment {
  readonly id: string;
  readonly type: string;
  status: string;
  readonly details: { name: string; value: string }[];
}

/** A task as DescribeTasks shows it; instants are seconds since the epoch. */
export interface EcsTask {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly availabilityZone: string;
  readonly attachments: Attachment[];
  readonly attributes: { name: string; value: string }[];
  readonly containers: EcsContainer[];
  readonly overrides: Input;
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: Input;
  readonly group: string;
  readonly startedBy?: string;
  readonly launchType: string;
  readonly capacityProviderName?: string;
  readonly platformVersion: string;
  readonly platformFamily: string;
  readonly enableExecuteCommand: boolean;
  healthStatus: string;
  readonly createdAt: number;
  lastStatus: string;
  desiredStatus: 'RUNNING' | 'STOPPED';
  version: number;
  connectivity?: string;
  connectivityAt?: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
  stopCode?: string;
  stoppedReason?: string;
}

/** What the emulator knows of a task: what it shows, and what it needs to run it and to answer a replay. */
export interface TaskRecord {
  readonly id: string;
  readonly task: EcsTask;
  tags: readonly Tag[];
  readonly networkConfiguration: Input;
  /** What is left of the time for which ECS does not show it yet; `until` in milliseconds since the epoch. */
  unseen?: { describes: number; readonly until: number };
  /** What a driver must clean up should the emulator die; opaque here. */
  leftovers: unknown[];
}

/** A RunTask call that gave a token, and what it was answered. */
export interface Launch {
  /** Of the cluster and the token: what a token belongs to. */
  readonly id: string;
  /** A hash of its other parameters. */
  readonly parameters: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly taskArns: readonly string[];
  readonly failures: readonly Input[];
}

/** What exists of a task only while it is under way. */
export interface Life {
  /** Says that the task shall stop; why is written in the task. */
  readonly stop: AbortController;
  /** Opens the task's container credentials. */
  readonly secret: string;
  /** Settles when the task is STOPPED. */
  readonly over: Promise<void>;
  readonly meet: (end: FateEnd) => void;
}

export interface World {
  readonly account: string;
  readonly region: string;
  readonly clock: Clock;
  readonly driver: Driver;
  readonly logs: LogStore;
  readonly saver: Saver;
  readonly secrets: Secrets;
  readonly faults: Faults;
  /** What a container's log driver can deliver in a second; undefined: all that it is given. */
  readonly logBytesPerSecond: number | undefined;
  /** Addresses that containers are told; ECS, Logs and STS share one port. */
  readonly endpoints: { own: string; s3: string };
  readonly clusters: Map<string, Cluster>;
  /** Revisions of a family, oldest first: revision N is at N - 1. */
  readonly families: Map<string, TaskDefinition[]>;
  readonly tasks: Map<string, TaskRecord>;
  /** By id. */
  readonly launches: Map<string, Launch>;
  /** The tasks under way, by id. */
  readonly lives: Map<string, Life>;
  /** Says that the emulator ends and nothing waits any more. */
  readonly halt: AbortSignal;
  /** One line for the person who watches. */
  readonly say: (line: string) => void;
}

/** ECS describes a stopped task for at least one hour (APIReference/API_DescribeTasks); here for exactly one. */
const REMEMBERED_SECONDS = 3600;

/** Forgets what stopped an hour ago; called before tasks are looked up. */
export function forgetOldTasks(world: World): void {
  const limit = world.clock.now() / 1000 - REMEMBERED_SECONDS;
  for (const [id, record] of world.tasks) {
    if (record.task.stoppedAt === undefined || record.task.stoppedAt > limit) continue;
    world.tasks.delete(id);
    world.saver.remove(taskFile(id));
  }
}

export const taskFile = (id: string): string => `tasks/${id}.json`;

export function saveTask(world: World, record: TaskRecord): void {
  world.saver.save(taskFile(record.id), () => record);
}

export function saveClusters(world: World): void {
  world.saver.save('clusters.json', () => [...world.clusters.values()]);
}

export function saveTaskDefinition(world: World, definition: TaskDefinition): void {
  world.saver.save(`task-definitions/${definition.family}/${definition.revision}.json`, () => definition);
}

/** Fills the maps from what an earlier emulator saved. */
export function load(world: World): void {
  for (const cluster of (world.saver.read('clusters.json') ?? []) as Cluster[])
    world.clusters.set(cluster.name, cluster);
  for (const definition of world.saver.readAll('task-definitions') as TaskDefinition[]) {
    const family = world.families.get(definition.family) ?? [];
    family[definition.revision - 1] = definition;
    world.families.set(definition.family, family);
  }
  for (const launch of world.saver.readAll('launches') as Launch[]) world.launches.set(launch.id, launch);
  for (const record of world.saver.readAll('tasks') as TaskRecord[]) world.tasks.set(record.id, record);
}
