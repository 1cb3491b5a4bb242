import { join, relative } from 'node:path';
import type { WrittenSettings } from '../config/schema.ts';
import { type Move, moveToBucket } from '../init/move-to-bucket.ts';
import { settingsFile } from '../init/settings-file.ts';
import { type CommandInput, EXIT, type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { load, projectFolder } from './prepare.ts';
import { reportFindings } from './report-findings.ts';
import { difference, readIfThere, writeWhole } from './write-file.ts';

interface InitOptions extends GlobalOptions {
  readonly bucket?: string;
  readonly cluster?: string;
  readonly subnets?: string;
  readonly securityGroups?: string;
  readonly image?: string;
  readonly taskDefinition?: string;
  readonly force?: boolean;
}

type Input = CommandInput<InitOptions>;

/** Writes the settings by which a project runs on Fargate, every key explained. */
export async function init({ args, options, host }: Input): Promise<number> {
  const root = await projectFolder(options, host);
  if (options.bucket !== undefined && !/^s3:\/\/[^/]+/.test(options.bucket))
    throw new UsageError(`--bucket takes a URL like s3://my-bucket/prefix, and '${options.bucket}' is none`);
  const move = options.bucket === undefined ? undefined : await moveOf(options.bucket, root, options, host);
  if (move === 'findings') return EXIT.problems;
  const file = join(root, options.confSource ?? 'conf', options.env ?? 'base', 'wherry.yml');
  const content = settingsFile(settingsFrom(args[0], options, move));
  const before = await readIfThere(file);
  if (before !== undefined && before !== content && !options.force) {
    host.out(await difference(file, before, content));
    host.err(`${file} is there already and was left as it is: --force writes what is shown\n`);
    return EXIT.problems;
  }
  await writeWhole(file, content);
  host.out(`${file}${before === content ? ' (unchanged)' : ''}\n`);
  tellNext(move, relative(host.cwd, root), host);
  return EXIT.fine;
}

async function moveOf(bucket: string, root: string, options: GlobalOptions, host: Host): Promise<Move | 'findings'> {
  const loaded = await load(root, options, host);
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  if (reportFindings(loaded.diagnostics, options, host) || loaded.kind !== 'loaded') return 'findings';
  return moveToBucket(loaded.project, bucket);
}

function settingsFrom(airflowUrl: string | undefined, options: InitOptions, move: Move | undefined): WrittenSettings {
  const { taskDefinition, region } = options;
  const groups = list(options.securityGroups);
  return {
    execution_engine: {
      type: 'aws-fargate',
      cluster: options.cluster ?? 'YOUR-CLUSTER',
      ...(taskDefinition === undefined ? {} : { task_definition: taskDefinition }),
      subnets: list(options.subnets) ?? ['YOUR-SUBNET'],
      ...(groups === undefined ? {} : { security_groups: groups }),
      ...(region === undefined ? {} : { region }),
    },
    ...(taskDefinition === undefined ? { image: options.image ?? 'YOUR-IMAGE' } : {}),
    ...(move === undefined ? {} : { spill: move.spill, paths: move.paths }),
    ...(airflowUrl === undefined ? {} : { host: airflowUrl }),
  };
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').flatMap((item) => item.trim() || []);
}

/** What only the user can do: copy inputs, and move what no prefix moves. */
function tellNext(move: Move | undefined, folder: string, host: Host): void {
  if (move === undefined) return;
  const at = (path: string) => shellWord(folder === '' ? path : join(folder, path));
  if (move.inputs.length > 0) host.err('Copy the inputs before the first run on AWS:\n');
  for (const { from, to, isFolder } of move.inputs)
    host.err(`  aws s3 ${isFolder ? 'sync' : 'cp'} ${at(from)} ${shellWord(to)}\n`);
  for (const { name, path } of move.left)
    host.err(`'${name}' stays where it is: no prefix can move '${path}'. Give it a path in the project, or a URL.\n`);
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
