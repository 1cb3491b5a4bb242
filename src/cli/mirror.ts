import type { LaunchRecord } from '../model/launch-record.ts';
import type { AwsAccount } from '../service/aws/account.ts';
import type { ObjectStore } from '../store/mirror.ts';
import { ok } from '../util/result.ts';
import { accountFrom, accountOfRun } from './aws-account.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { settingsWithoutProject } from './settings-without-project.ts';

/** Options of the commands that look at runs of other machines. */
export interface MirrorOptions extends GlobalOptions {
  readonly spill?: string;
}

/** The objects below a URL on S3. */
export async function objectsUnder(account: AwsAccount, url: string): Promise<ObjectStore & { close(): void }> {
  const { s3Service } = await import('../service/aws/s3.ts');
  const s3 = s3Service(account);
  const base = `${url.replace(/\/+$/, '')}/`;
  return {
    get: (key) => s3.get(base + key),
    put: (key, text) => s3.put(base + key, text),
    list: async (prefix) => {
      const found = await s3.list(base + prefix);
      return found.ok ? ok(found.value.map((at) => at.slice(base.length))) : found;
    },
    remove: (keys) => s3.remove(keys.map((key) => base + key)),
    listFolders: (prefix) => s3.listFolders(base + prefix),
    versioned: (key) => ({
      read: async () => {
        const found = await s3.getVersion(base + key);
        return found.ok ? ok(found.value && { ...found.value, version: found.value.etag }) : found;
      },
      write: (text, over) => s3.putOver(base + key, text, over),
    }),
    close: () => s3.close(),
  };
}

/** Where a run that is known here is mirrored; undefined where other machines cannot see it. */
export async function mirrorOf(launch: LaunchRecord, options: GlobalOptions, host: Host) {
  const { mirror, emulated } = launch;
  if (mirror === undefined || emulated !== undefined) return undefined;
  return objectsUnder(await accountOfRun(launch, options, host), mirror);
}

/** Where the runs of other machines are mirrored, by `--spill` or the settings; undefined where nothing says so. */
export async function mirrorOfOthers(options: MirrorOptions, host: Host) {
  const settings = await settingsWithoutProject(options, host);
  const spill = options.spill ?? settings.spill?.location;
  if (options.spill !== undefined && !options.spill.startsWith('s3://'))
    throw new UsageError(`'${options.spill}' is no place where runs of other machines are: write s3://bucket/prefix`);
  if (!spill?.startsWith('s3://')) return undefined;
  const account = await accountFrom(settings.execution_engine, options, host);
  return { spill, objects: await objectsUnder(account, spill) };
}
