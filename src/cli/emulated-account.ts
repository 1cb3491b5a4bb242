import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ConfigValues } from '../config/schema.ts';
import { saysTheSame } from '../fargate/says-the-same.ts';
import { ownedLogGroup, taskDefinition } from '../fargate/task-definition.ts';
import type { Project } from '../model/project.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import { type EcsService, ecsService } from '../service/aws/ecs.ts';
import { type LogsService, logsService } from '../service/aws/logs.ts';
import { type S3Service, s3Service } from '../service/aws/s3.ts';
import { placeholderIn } from '../util/placeholder.ts';
import { failed, ok, type Result } from '../util/result.ts';
import type { EmulatorEndpoints } from './emulator-process.ts';

/** The image that stands for the project where the settings name none. */
export function emulatedImage(project: Project): string {
  return `wherry-emulated/${project.name}:local`;
}

/**
 * What `--emulate` puts in place of what is not set, or stands for a name that was not filled in. Never the spill: where
 * data goes is the user's to say. Sidecars are left out: nothing here stands for their images.
 */
export function fillInForEmulator(settings: ConfigValues, project: Project): ConfigValues {
  const engine = settings.execution_engine;
  // A revision or an ARN is one of the real account.
  const family = engine.task_definition?.replace(/^arn:.*\//, '').replace(/:\d+$/, '');
  const named = (text: string | undefined) => (placeholderIn(text ?? '') === undefined ? text : undefined);
  const subnets = engine.subnets.filter((id) => named(id) !== undefined);
  return {
    ...settings,
    ...(family === undefined ? { image: named(settings.image) ?? emulatedImage(project) } : {}),
    execution_engine: {
      ...engine,
      ...(family === undefined ? {} : { task_definition: family }),
      cluster: named(engine.cluster) ?? 'wherry-emulated',
      subnets: subnets.length > 0 ? subnets : ['subnet-00000000000000000'],
      security_groups: engine.security_groups.length > 0 ? engine.security_groups : ['sg-00000000000000000'],
      task_role_arn: named(engine.task_role_arn) ?? 'arn:aws:iam::123456789012:role/wherry-emulated-task',
      sidecars: {},
      execution_role_arn:
        named(engine.execution_role_arn) ?? 'arn:aws:iam::123456789012:role/wherry-emulated-execution',
    },
  };
}

/** What of the settings `--emulate` does without, a line each. */
export function notEmulated({ execution_engine: engine }: ConfigValues): string[] {
  const [sidecars, mounts] = [Object.keys(engine.sidecars), Object.keys(engine.efs)];
  return [
    ...(sidecars.length === 0 ? [] : [`emulated without the sidecars ${sidecars.join(', ')}`]),
    ...(mounts.length === 0
      ? []
      : [`emulated without EFS: tasks find at ${mounts.join(', ')} what this machine has there`]),
  ];
}

export function emulatedAccount(endpoints: EmulatorEndpoints, region: string): AwsAccount {
  return {
    region,
    profile: undefined,
    credentials: { accessKeyId: 'emulated', secretAccessKey: 'emulated' },
    endpoints: { ...endpoints, sts: endpoints.ecs },
  };
}

interface Emulated {
  readonly account: AwsAccount;
  readonly settings: ConfigValues;
  readonly project: Project;
}

/** Makes the cluster, the user's family, the buckets that settings and catalog name, and copies inputs that are not there yet. */
export async function prepareEmulatedAccount(emulated: Emulated): Promise<Result<void, ServiceTrouble>> {
  const ecs = ecsService(emulated.account);
  const logs = logsService(emulated.account);
  const s3 = s3Service(emulated.account);
  try {
    const cluster = await ecs.createCluster(emulated.settings.execution_engine.cluster ?? 'default');
    if (!cluster.ok) return cluster;
    const family = await standInForFamily(emulated, ecs, logs);
    return family.ok ? await fillS3(emulated, s3) : family;
  } finally {
    for (const service of [ecs, logs, s3]) service.close();
  }
}

/** A family that is the user's is in the real account: a definition like Wherry's own stands for it, unless one is there. */
async function standInForFamily(
  { account, settings, project }: Emulated,
  ecs: EcsService,
  logs: LogsService,
): Promise<Result<void, ServiceTrouble>> {
  const family = settings.execution_engine.task_definition;
  if (family === undefined) return ok(undefined);
  const described = await ecs.describeTaskDefinition(family);
  if (!described.ok) return described;
  const { region } = account;
  const like = taskDefinition({
    family,
    projectName: project.name,
    engine: settings.execution_engine,
    image: emulatedImage(project),
    region,
    step: settings.step,
    environment: {},
  });
  const there = described.value;
  const isAnother = there?.containerDefinitions?.some(({ image }) => image !== emulatedImage(project));
  if (there !== undefined && (isAnother || saysTheSame(there, like))) return ok(undefined);
  const group = await logs.createGroup(ownedLogGroup(project.name, settings.execution_engine));
  if (!group.ok) return group;
  const registered = await ecs.registerTaskDefinition(like);
  return registered.ok ? ok(undefined) : registered;
}

async function fillS3({ settings, project }: Emulated, s3: S3Service): Promise<Result<void, ServiceTrouble>> {
  for (const bucket of bucketsOf(settings, project)) {
    const created = await s3.createBucket(bucket);
    if (!created.ok) return created;
  }
  for (const [url, path] of Object.entries({ ...swap(settings.paths), ...settings.emulate.seed })) {
    const copied = await copyInput(join(project.root, path), url, s3);
    if (!copied.ok) return copied;
  }
  return ok(undefined);
}

function bucketsOf(settings: ConfigValues, project: Project): string[] {
  const urls = [
    settings.spill?.location,
    ...Object.values(settings.paths),
    ...Object.keys(settings.emulate.seed),
    ...[...project.catalog.values()].map(({ path }) => path),
  ];
  const buckets = urls.flatMap((url) => /^s3a?:\/\/([^/]+)/.exec(url ?? '')?.[1] ?? []);
  return [...new Set(buckets)].sort();
}

function swap(paths: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(paths).map(([folder, url]) => [url, folder]));
}

/** A file, or all files in a folder; nothing where there is neither. */
async function copyInput(input: string, url: string, s3: S3Service): Promise<Result<void, ServiceTrouble>> {
  const isFile = (await stat(input).catch(() => undefined))?.isFile() ?? false;
  const entries = await readdir(input, { recursive: true, withFileTypes: true }).catch(() => []);
  const inFolder = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.git'));
  const files = isFile ? [input] : inFolder.map(({ parentPath, name }) => join(parentPath, name));
  for (const path of files) {
    const target = isFile ? url : `${url.replace(/\/+$/, '')}/${relative(input, path)}`;
    const there = await s3.exists(target);
    if (!there.ok) return failed(there.error);
    if (there.value) continue;
    const put = await s3.put(target, await readFile(path));
    if (!put.ok) return put;
  }
  return ok(undefined);
}
