import { join, relative, resolve } from 'node:path';
import { notCarriedOver } from '../check/rules/kubernetes-keys.ts';
import { readLayers } from '../config/layers.ts';
import { loadConfig } from '../config/load-config.ts';
import type { WrittenSettings } from '../config/schema.ts';
import { sortDiagnostics } from '../diagnostics/diagnostic.ts';
import { describeFound, type Found } from '../init/found.ts';
import { fromAirflowK8s } from '../init/from-airflow-k8s.ts';
import { type MovedCatalog, moveCatalog } from '../init/move-catalog.ts';
import { type Move, moveToBucket } from '../init/move-to-bucket.ts';
import { settingsFile } from '../init/settings-file.ts';
import { readConfFiles } from '../load/kedro/conf-files.ts';
import type { Dataset, Project } from '../model/project.ts';
import { recorder } from '../store/recorder.ts';
import { writeWhole } from '../store/write-whole.ts';
import { type CommandInput, EXIT, type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { askWhatIsOpen, bucketComplaint, fileToTakeOver, type InitOptions } from './init-questions.ts';
import { lookAtProject } from './look-at-project.ts';
import { projectFolder } from './project-folder.ts';
import { reportFindings } from './report-findings.ts';
import { difference, readIfThere } from './write-file.ts';

/** Writes the settings by which a project runs on Fargate, every key explained. */
export async function init({ args, options: flags, host }: CommandInput<InitOptions>): Promise<number> {
  refuse(flags);
  const root = await projectFolder(flags, host);
  const { found, diagnostics } = await lookAtProject(root, flags, host);
  if (host.interrupted.aborted) return leave(host);
  if (flags.bucket !== undefined && found.project === undefined) {
    reportFindings(diagnostics, flags, host);
    return EXIT.problems;
  }
  const told = flags.from === undefined ? found : { ...found, airflowK8s: [] };
  for (const line of describeFound(told)) host.err(`${line}\n`);
  const taken = flags.from === undefined ? await fileToTakeOver(found, flags, host) : undefined;
  if (taken === 'left') return leave(host);
  const from = flags.from ?? (taken && relative(host.cwd, join(root, taken)));
  const old = from === undefined ? {} : await readOld(from, root, flags, host);
  if (old === 'findings') return EXIT.problems;
  const options = await askWhatIsOpen({ found, old, flags }, host);
  if (options === 'left') return leave(host);

  const bucket = options.bucket ?? (from === undefined ? placeholderBucket(found) : undefined);
  const { project } = found;
  const move = bucket === undefined || project === undefined ? undefined : moveToBucket(project, bucket);
  const isCatalog = options.writeCatalog && move !== undefined && project !== undefined;
  const catalog = isCatalog ? catalogOf(move, project, options.env ?? project.baseEnv) : undefined;
  const settings = settingsFrom({ airflowUrl: args[0], options, found, old }, move, catalog);
  const folder = join(root, options.confSource ?? 'conf', options.env ?? 'base');
  const files = [
    { file: join(folder, 'wherry.yml'), content: settingsFile(settings) },
    ...(catalog?.files ?? []).map(({ path, text }) => ({ file: join(folder, path), content: text })),
  ];
  if (!(await writeAll(files, options.force ?? false, host))) return EXIT.problems;
  if (from !== undefined) host.err(`Remove ${from}: both would be read, and its keys apply where these are silent.\n`);
  if (move !== undefined) tellNext(move, catalog?.left ?? [], { folder: relative(host.cwd, root), host });
  return EXIT.fine;
}

function refuse({ bucket, writeCatalog, env = 'base' }: InitOptions & GlobalOptions): void {
  const complaint = bucket === undefined ? undefined : bucketComplaint(bucket);
  if (complaint !== undefined) throw new UsageError(`--bucket takes ${complaint}`);
  if (writeCatalog && env === 'base')
    throw new UsageError('--write-catalog needs -e ENV: the catalog of an environment, in place of entries of base');
}

function leave(host: Host): number {
  host.err('Nothing was written.\n');
  return EXIT.interrupted;
}

/** Where data is on this machine only, a container needs another place for it. */
function placeholderBucket({ project }: Found): string | undefined {
  const isLocal = [...(project?.catalog.values() ?? [])].some(({ kind }) => kind === 'local');
  return isLocal ? `s3://YOUR-BUCKET/${project?.name}` : undefined;
}

function catalogOf(move: Move, project: Project, env: string): MovedCatalog {
  const { root, confSource, baseEnv } = project;
  const files = readConfFiles('catalog', [env, baseEnv], { root, confSource, files: recorder({}).files }).map(
    ({ source }) => source,
  );
  const filesOf = (folder: string) =>
    files.flatMap(({ path, text }) => {
      const inside = relative(join(confSource, folder), path);
      return inside.startsWith('..') ? [] : { path: inside, text };
    });
  return moveCatalog({ own: filesOf(env), base: filesOf(baseEnv), datasets: move.moved, bucket: move.root });
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
  const source = { root, confSource, env, file: path, variables: host.env, files: recorder({}).files };
  const [layer] = readLayers(source);
  if (layer?.kind !== 'airflow-k8s')
    throw new UsageError(`--from takes an airflow-k8s*.yaml, and ${file} is none that can be read`);
  const { config, diagnostics } = loadConfig(source);
  // Variables stay as they are written: they need not be set here.
  const found = diagnostics.filter(({ code }) => code !== 'config/unresolved-variable');
  if (reportFindings(sortDiagnostics([...found, ...notCarriedOver(config)]), options, host)) return 'findings';
  return fromAirflowK8s(layer.value as Record<string, unknown>);
}

interface Sources {
  readonly airflowUrl: string | undefined;
  readonly options: InitOptions & GlobalOptions;
  readonly found: Found;
  readonly old: WrittenSettings;
}

function settingsFrom(
  { airflowUrl, options, found, old }: Sources,
  move: Move | undefined,
  catalog: MovedCatalog | undefined,
): WrittenSettings {
  const { region, grouping } = options;
  const engine = old.execution_engine;
  const taskDefinition = options.taskDefinition ?? engine?.task_definition;
  const groups = list(options.securityGroups);
  const name = found.origin?.repository ?? found.project?.name;
  const placeholder = name === undefined ? 'YOUR-IMAGE' : `YOUR-REGISTRY/${name}:1.0`;
  return {
    ...old,
    execution_engine: {
      ...engine,
      type: 'aws-fargate',
      cluster: options.cluster ?? engine?.cluster ?? 'YOUR-CLUSTER',
      ...(taskDefinition === undefined ? {} : { task_definition: taskDefinition }),
      subnets: list(options.subnets) ?? engine?.subnets ?? ['YOUR-SUBNET'],
      ...(groups === undefined ? {} : { security_groups: groups }),
      ...(taskDefinition === undefined ? rolesOf(options, engine) : {}),
      ...(region === undefined ? {} : { region }),
    },
    ...(taskDefinition === undefined ? { image: options.image ?? old.image ?? placeholder } : {}),
    ...(move === undefined ? {} : { spill: move.spill, ...placesOf(move, catalog) }),
    ...(grouping === undefined ? {} : { grouping }),
    ...(airflowUrl === undefined ? {} : { host: airflowUrl }),
  };
}

/** AWS's own name for the role by which ECS pulls and logs; for that of the user's code there is no usual one. */
function rolesOf(options: InitOptions, engine: WrittenSettings['execution_engine']) {
  return {
    execution_role_arn: options.executionRole ?? engine?.execution_role_arn ?? 'ecsTaskExecutionRole',
    task_role_arn: options.taskRole ?? engine?.task_role_arn ?? 'YOUR-TASK-ROLE',
  };
}

/** `paths` moves what no catalog of the environment does; without it the emulator has to be told where inputs are. */
function placesOf({ paths, inputs }: Move, catalog: MovedCatalog | undefined): WrittenSettings {
  if (catalog === undefined) return { paths };
  const seed = Object.fromEntries(inputs.map(({ from, to, isFolder }) => [isFolder ? `${to}/` : to, from]));
  return { ...(catalog.left.length === 0 ? {} : { paths }), emulate: { seed } };
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').flatMap((item) => item.trim() || []);
}

/** All or nothing: a file that says something else stops it before the first is written. */
async function writeAll(
  files: readonly { readonly file: string; readonly content: string }[],
  force: boolean,
  host: Host,
): Promise<boolean> {
  const compared = await Promise.all(files.map(async (one) => ({ ...one, before: await readIfThere(one.file) })));
  const other = compared.filter(({ before, content }) => before !== undefined && before !== content);
  if (other.length > 0 && !force) {
    for (const { file, before, content } of other) host.out(await difference(file, before, content));
    const names = other.map(({ file }) => file).join(' and ');
    const are = other.length === 1 ? 'is there already and was left as it is' : 'are there already and were left';
    host.err(`${names} ${are}: --force writes what is shown\n`);
    return false;
  }
  for (const { file, content, before } of compared) {
    if (before !== content) await writeWhole(file, content);
    host.out(`${file}${before === content ? ' (unchanged)' : ''}\n`);
  }
  return true;
}

/** What only the user can do: copy inputs, and move what nothing here moves. */
function tellNext(
  move: Move,
  notInCatalog: readonly Dataset[],
  { folder, host }: { readonly folder: string; readonly host: Host },
): void {
  const at = (path: string) => shellWord(folder === '' ? path : join(folder, path));
  if (move.inputs.length > 0) host.err('Copy the inputs before the first run on AWS:\n');
  for (const { from, to, isFolder } of move.inputs)
    host.err(`  aws s3 ${isFolder ? 'sync' : 'cp'} ${at(from)} ${shellWord(to)}\n`);
  for (const { name, path } of move.left)
    host.err(`'${name}' stays where it is: no prefix can move '${path}'. Give it a path in the project, or a URL.\n`);
  for (const { name } of notInCatalog)
    host.err(`'${name}' is moved by \`paths\`: its entry is in no catalog file from which it could be copied.\n`);
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
