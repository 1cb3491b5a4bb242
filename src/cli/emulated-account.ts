import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ConfigValues } from '../config/schema.ts';
import type { Project } from '../model/project.ts';
import type { ServiceTrouble } from '../model/trouble.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import { ecsService } from '../service/aws/ecs.ts';
import { type S3Service, s3Service } from '../service/aws/s3.ts';
import { failed, ok, type Result } from '../util/result.ts';
import type { EmulatorEndpoints } from './emulator-process.ts';

/** What `--emulate` puts in place of what is not set. Never the spill: where data goes is the user's to say. */
export function fillInForEmulator(settings: ConfigValues, project: Project): ConfigValues {
  const engine = settings.execution_engine;
  return {
    ...settings,
    image: settings.image ?? `wherry-emulated/${project.name}:local`,
    execution_engine: {
      ...engine,
      cluster: engine.cluster ?? 'wherry-emulated',
      subnets: engine.subnets.length > 0 ? engine.subnets : ['subnet-00000000000000000'],
      security_groups: engine.security_groups.length > 0 ? engine.security_groups : ['sg-00000000000000000'],
      task_role_arn: engine.task_role_arn ?? 'arn:aws:iam::123456789012:role/wherry-emulated-task',
      execution_role_arn: engine.execution_role_arn ?? 'arn:aws:iam::123456789012:role/wherry-emulated-execution',
    },
  };
}

export function emulatedAccount(endpoints: EmulatorEndpoints, region: string): AwsAccount {
  return {
    region,
    profile: undefined,
    credentials: { accessKeyId: 'emulated', secretAccessKey: 'emulated' },
    endpoints,
  };
}

/** Makes the cluster, the buckets that settings and catalog name, and copies inputs that are not there yet. */
export async function prepareEmulatedAccount(
  account: AwsAccount,
  settings: ConfigValues,
  project: Project,
): Promise<Result<void, ServiceTrouble>> {
  const ecs = ecsService(account);
  const s3 = s3Service(account);
  try {
    const cluster = await ecs.createCluster(settings.execution_engine.cluster ?? 'default');
    if (!cluster.ok) return cluster;
    for (const bucket of bucketsOf(settings, project)) {
      const created = await s3.createBucket(bucket);
      if (!created.ok) return created;
    }
    const folders = Object.entries({ ...swap(settings.paths), ...settings.emulate.seed });
    for (const [url, folder] of folders) {
      const copied = await copyFolder(join(project.root, folder), url, s3);
      if (!copied.ok) return copied;
    }
    return ok(undefined);
  } finally {
    ecs.close();
    s3.close();
  }
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

async function copyFolder(folder: string, url: string, s3: S3Service): Promise<Result<void, ServiceTrouble>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.git')) continue;
    const path = join(entry.parentPath, entry.name);
    const target = `${url.replace(/\/+$/, '')}/${relative(folder, path)}`;
    const there = await s3.exists(target);
    if (!there.ok) return failed(there.error);
    if (there.value) continue;
    const put = await s3.put(target, await readFile(path));
    if (!put.ok) return put;
  }
  return ok(undefined);
}
