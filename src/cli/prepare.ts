import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import { check } from '../check/check.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ConfigValues } from '../config/schema.ts';
import { adjust } from '../diagnostics/adjust.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostics/diagnostic.ts';
import { defaultSpill } from '../engine/local/default-spill.ts';
import { beyondPlainKedro, isPlainKedro } from '../fargate/plain-kedro.ts';
import { kedroLoader } from '../load/kedro/load.ts';
import type { Loaded, Loader, LoadRequest, LoadResult } from '../load/loader.ts';
import { yamlLoader } from '../load/yaml/load.ts';
import type { Inputs } from '../model/answer-cache.ts';
import type { Grouping, Plan } from '../model/plan.ts';
import type { Project } from '../model/project.ts';
import type { TargetId } from '../model/target-id.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { type Recorder, recorder } from '../store/recorder.ts';
import { dagId } from '../target/airflow/dag-id.ts';
import { answerCache, type CacheOptions } from './answer-cache.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { imageContent } from './image-content.ts';
import { projectFolder } from './project-folder.ts';
import { readBridge } from './read-bridge.ts';
import { loadVersionsOf, paramsOf, type SliceOptions, sliceOf } from './slice-flags.ts';

export type EngineId = 'local' | 'aws-fargate';

export interface PrepareOptions extends GlobalOptions, SliceOptions, CacheOptions {
  readonly grouping?: Grouping;
  readonly engine?: EngineId;
  readonly image?: string;
  readonly target?: TargetId;
  /** A file that `wherry snapshot` wrote. */
  readonly snapshot?: string;
}

/** Everything that the commands work on: loaded, planned and checked. */
export interface Prepared {
  readonly project: Project;
  readonly python: string;
  /** The settings as they are used: with flags, and with what the emulator fills in. */
  readonly settings: ConfigValues;
  readonly engine: EngineId;
  readonly plan: Plan;
  /** Where spilled data goes; undefined on Fargate where nothing says so. */
  readonly spill: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export type Preparation =
  | { readonly ready: true; readonly prepared: Prepared }
  | { readonly ready: false; readonly diagnostics: readonly Diagnostic[] };

/** Load, plan, check: what `check`, `plan` and `run` have in common. `fillIn` completes the settings before planning. */
export async function prepare(
  options: PrepareOptions,
  host: Host,
  fillIn: (settings: ConfigValues, project: Project) => ConfigValues = (settings) => settings,
): Promise<Preparation & { readonly inputs?: Inputs | undefined }> {
  const root = await projectFolder(options, host);
  const record = recorder(host.env);
  const loaded = await load(root, options, { host, record });
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  if (loaded.kind === 'failed') return { ready: false, diagnostics: sortDiagnostics(loaded.diagnostics) };

  const preparation = await planAndCheck(loaded, { options, host, record, fillIn });
  const seen = record.inputs();
  const inputs = loaded.inputs && {
    paths: { ...seen.paths, ...loaded.inputs.paths },
    variables: [...seen.variables, ...loaded.inputs.variables],
  };
  return { ...preparation, inputs };
}

/** What is at hand when a project is loaded. */
export interface Loading {
  readonly host: Host;
  /** Of what is read. */
  readonly record: Recorder;
}

export async function load(
  root: string,
  options: GlobalOptions & CacheOptions & { readonly snapshot?: string },
  loading: Loading,
): Promise<LoadResult> {
  const request = loadRequest(root, options, loading);
  if (options.snapshot === undefined) return loaderFor(request).load(request);
  const { loadSnapshot } = await import('../load/kedro/snapshot.ts');
  const file = resolve(loading.host.cwd, options.snapshot);
  const text = loading.record.files.text(file);
  if (text === undefined) throw new UsageError(`--snapshot: ${file} is not there or cannot be read`);
  return loadSnapshot(text, request);
}

export function loadRequest(
  root: string,
  options: GlobalOptions & CacheOptions,
  { host, record: { files, variables } }: Loading,
): LoadRequest {
  const { env, pipeline, confSource, python, configFile: file } = options;
  return {
    ...{ root, env, pipeline, confSource, python, files, tell: host.tell },
    variables: host.env,
    bridge: join(host.packageRoot, 'bridge'),
    cache: answerCache(root, options, host),
    namedVariables: ({ env, confSource }) =>
      loadConfig({ root, env, confSource, file, files, variables }).config.values.cache.env,
  };
}

/** A folder that is both is a Kedro project: there, a pipeline.yml may be anybody's. */
const LOADERS: readonly Loader[] = [kedroLoader, yamlLoader];

function loaderFor(request: LoadRequest): Loader {
  const loader = LOADERS.find(({ recognises }) => recognises(request));
  if (loader !== undefined) return loader;
  const signs = LOADERS.map(({ sign }) => sign).join(', and no ');
  throw new UsageError(`There is no project in ${request.root}: no ${signs}. Name its folder with -C DIR.`);
}

interface PreparationContext {
  readonly options: PrepareOptions;
  readonly host: Pick<Host, 'packageRoot'> & Partial<Pick<Host, 'tell'>>;
  readonly record: Pick<Recorder, 'files' | 'variables'>;
  readonly fillIn: (settings: ConfigValues, project: Project) => ConfigValues;
}

/** The same from a project that is loaded: nothing here needs Python. */
export async function planAndCheck(
  loaded: Loaded,
  { options, host, record, fillIn }: PreparationContext,
): Promise<Preparation> {
  const { project } = loaded;
  const { root, confSource, env } = project;
  const { configFile } = options;
  if (configFile !== undefined && record.files.kind(resolve(root, configFile)) === 'absent')
    throw new UsageError(`--config-file: there is no ${configFile} in ${root}`);
  const configured = loadConfig({
    root,
    confSource,
    env,
    file: configFile,
    airflowOf: options.target === 'airflow' ? pipelineOf(options) : undefined,
    ...record,
  });
  host.tell?.(`settings: ${configured.config.files.join(', ') || 'none'}`);
  const { planned, config, engine, spill } = planProject({ options, loaded, config: configured.config, fillIn });
  const found = check({
    project,
    pipeline: planned.pipeline,
    plan: planned.plan,
    config,
    engine,
    target: options.target,
    dagId: options.target === 'airflow' ? dagId(planned.plan, config.values.run_config, sha256) : undefined,
    spill,
    image: imageContent(project, record.files),
    programs: await containerPrograms(host),
    locateDataset: loaded.locateDataset,
    locateNode: loaded.locateNode,
    secretsInCatalog: loaded.secretsInCatalog,
    filesOfCredentials: loaded.filesOfCredentials,
  });
  const all = [...loaded.diagnostics, ...configured.diagnostics, ...planned.diagnostics, ...found];
  const diagnostics = sortDiagnostics(adjust(nameVariables(all, config), config.values.severity));
  // What is left of broken settings is enough to find more that is wrong, and not enough to go on with.
  if (hasErrors(configured.diagnostics)) return { ready: false, diagnostics };
  return {
    ready: true,
    prepared: {
      project,
      python: loaded.python,
      settings: config.values,
      engine,
      plan: planned.plan,
      spill,
      diagnostics,
    },
  };
}

async function containerPrograms(host: Pick<Host, 'packageRoot'>) {
  const { step, bootstrap } = await readBridge(host);
  return { bootstrap, stepHash: sha256(step), deflate: (text: string) => deflateSync(text).toString('base64') };
}

function pipelineOf({ pipeline }: PrepareOptions): string {
  return pipeline ?? '__default__';
}

interface PlanningInput {
  readonly options: PrepareOptions;
  readonly loaded: Loaded;
  readonly config: Config;
  readonly fillIn: (settings: ConfigValues, project: Project) => ConfigValues;
}

function planProject({ options, loaded, config: written, fillIn }: PlanningInput) {
  const { project, locateNode } = loaded;
  const name = pipelineOf(options);
  const whole = project.pipelines.get(name);
  if (whole === undefined)
    throw new UsageError(
      `there is no pipeline '${name}'. Pipelines: ${[...project.pipelines.keys()].join(', ') || 'none'}`,
    );
  if (whole.nodes.length === 0) throw new UsageError(`the pipeline '${name}' has no nodes`);
  const pipeline = sliceOf(whole, options);
  // All that a plan is compiled for starts its tasks on Fargate.
  const compiled = options.target === undefined ? undefined : 'aws-fargate';
  const type = options.engine ?? compiled ?? written.values.execution_engine.type;
  // A rule says that there is no such engine; the others say what Fargate would need.
  const engine = type === 'kubernetes' ? 'aws-fargate' : type;
  const filled = fillIn(withFlags(written.values, { type, image: options.image }), project);
  // On this machine the catalog's local paths stay what they are.
  const settings = engine === 'local' ? { ...filled, paths: {} } : filled;
  const planned = makePlan({
    project,
    pipeline,
    grouping: options.grouping ?? settings.grouping,
    settings,
    locateSetting: written.locate,
    params: paramsOf(options.params),
    loadVersions: loadVersionsOf(options.loadVersions),
    sha256,
    locateNode,
  });
  const values = { ...settings, step: settings.step ?? stepFor(planned.plan, settings) };
  return {
    planned: { ...planned, pipeline },
    config: { ...written, values },
    engine,
    spill: spillOf(engine, values, project.root),
  };
}

/** The user's definition has no place for Wherry's step, which is then fetched from the spill; where nothing needs it, Kedro's own will do. */
function stepFor(plan: Plan, settings: ConfigValues): ConfigValues['step'] {
  const isUsers = settings.execution_engine.task_definition !== undefined;
  return isUsers && settings.spill === undefined && beyondPlainKedro(plan, settings).length === 0 ? 'kedro' : 'wherry';
}

type EngineType = ConfigValues['execution_engine']['type'];

function withFlags(
  values: ConfigValues,
  { type, image }: { type: EngineType; image: string | undefined },
): ConfigValues {
  return { ...values, image: image ?? values.image, execution_engine: { ...values.execution_engine, type } };
}

/** A value that comes from a variable is wrong where the variable is set: the finding names it. */
function nameVariables(diagnostics: readonly Diagnostic[], { madeFrom }: Config): Diagnostic[] {
  return diagnostics.map((item) => {
    const { file, start } = item.span ?? {};
    const made = madeFrom.find(({ span }) => span.file === file && span.start === start);
    if (made === undefined || item.code === 'config/unresolved-variable') return item;
    const names = made.variables.map((name) => `'${name}'`).join(' and ');
    return { ...item, notes: [...item.notes, { message: `the value is made from the environment variable ${names}` }] };
  });
}

function spillOf(engine: EngineId, settings: ConfigValues, root: string): string | undefined {
  const location = settings.spill?.location;
  if (engine === 'aws-fargate') return isPlainKedro(settings) ? undefined : location;
  return location?.startsWith('file://') ? location : defaultSpill(root);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
