import { join, relative, resolve } from 'node:path';
import { notCarriedOver } from '../check/rules/kubernetes-keys.ts';
import { readLayers } from '../config/layers.ts';
import { loadConfig } from '../config/load-config.ts';
import type { WrittenSettings } from '../config/schema.ts';
import { sortDiagnostics } from '../diagnostics/diagnostic.ts';
import { fromAirflowK8s } from '../init/from-airflow-k8s.ts';
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
  readonly from?: string;
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
  const old = options.from === undefined ? {} : await readOld(options.from, root, options, host);
  if (old === 'findings') return EXIT.problems;
  const content = settingsFile(settingsFrom(args[0], options, move, old));
  const before = await readIfThere(file);
  if (before !== undefined && before !== content && !options.force) {
    host.out(await difference(file, before, content));
    host.err(`${file} is there already and was left as it is: --force writes what is shown\n`);
    return EXIT.problems;
  }
  await writeWhole(file, content);
  host.out(`${file}${before === content ? ' (unchanged)' : ''}\n`);
  if (options.from !== undefined)
    host.err(`Remove ${options.from}: both would be read, and its keys apply where these are silent.\n`);
  tellNext(move, relative(host.cwd, root), host);
  return EXIT.fine;
}

async function moveOf(bucket: string, root: string, options: GlobalOptions, host: Host): Promise<Move | 'findings'> {
  const loaded = await load(root, options, host);
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  if (reportFindings(loaded.diagnostics, options, host) || loaded.kind !== 'loaded') return 'findings';
  return moveToBucket(loaded.project, bucket);
}

/** The settings of an airflow-k8s file; what is lost of it is told. */
async function readOld(
  file: string,
  root: string,
  options: GlobalOptions,
  host: Host,
): Promise<WrittenSettings | 'findings'> {
  const { confSource = 'conf', env = 'base' } = options;
  const path = relative(root, resolve(host.cwd, file));
  const source = { root, confSource, env, file: path, variables: host.env };
  const [layer] = await readLayers(source);
  if (layer?.kind !== 'airflow-k8s')
    throw new UsageError(`--from takes an airflow-k8s*.yaml, and ${file} is none that can be read`);
  const { config, diagnostics } = await loadConfig(source);
  // Variables stay as they are written: they need not be set here.
  const found = diagnostics.filter(({ code }) => code !== 'config/unresolved-variable');
  if (reportFindings(sortDiagnostics([...found, ...notCarriedOver(config)]), options, host)) return 'findings';
  return fromAirflowK8s(layer.value as Record<string, unknown>);
}

function settingsFrom(
  airflowUrl: string | undefined,
  options: InitOptions,
  move: Move | undefined,
  old: WrittenSettings,
): WrittenSettings {
  const { region } = options;
  const engine = old.execution_engine;
  const taskDefinition = options.taskDefinition ?? engine?.task_definition;
  const groups = list(options.securityGroups);
  return {
    ...old,
    execution_engine: {
      ...engine,
      type: 'aws-fargate',
      cluster: options.cluster ?? engine?.cluster ?? 'YOUR-CLUSTER',
      ...(taskDefinition === undefined ? {} : { task_definition: taskDefinition }),
      subnets: list(options.subnets) ?? engine?.subnets ?? ['YOUR-SUBNET'],
      ...(groups === undefined ? {} : { security_groups: groups }),
      ...(region === undefined ? {} : { region }),
    },
    ...(taskDefinition === undefined ? { image: options.image ?? old.image ?? 'YOUR-IMAGE' } : {}),
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
