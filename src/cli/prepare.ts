import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { check } from '../check/check.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ConfigValues } from '../config/schema.ts';
import { adjust } from '../diagnostics/adjust.ts';
import { type Diagnostic, sortDiagnostics } from '../diagnostics/diagnostic.ts';
import { defaultSpill } from '../engine/local/default-spill.ts';
import { kedroLoader } from '../load/kedro/load.ts';
import type { Loaded, Loader } from '../load/loader.ts';
import { yamlLoader } from '../load/yaml/load.ts';
import type { Grouping, Plan } from '../model/plan.ts';
import type { Project } from '../model/project.ts';
import type { TargetId } from '../model/target-id.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';
import { imageContent } from './image-content.ts';
import { loadVersionsOf, paramsOf, type SliceOptions, sliceOf } from './slice-flags.ts';

export type EngineId = 'local' | 'aws-fargate';

export interface PrepareOptions extends GlobalOptions, SliceOptions {
  readonly grouping?: Grouping;
  readonly engine?: EngineId;
  readonly image?: string;
  readonly target?: TargetId;
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
): Promise<Preparation> {
  const root = await projectFolder(options, host);
  const { env, pipeline, confSource, python } = options;
  const loader = await loaderFor(root);
  const loaded = await loader.load({
    root,
    env,
    pipeline,
    confSource,
    python,
    variables: host.env,
    bridge: join(host.packageRoot, 'bridge'),
  });
  if (loaded.kind === 'usage') throw new UsageError(loaded.message);
  if (loaded.kind === 'failed') return { ready: false, diagnostics: sortDiagnostics(loaded.diagnostics) };

  return planAndCheck(loaded, { options, host, fillIn });
}

/** A folder that is both is a Kedro project: there, a pipeline.yml may be anybody's. */
const LOADERS: readonly Loader[] = [kedroLoader, yamlLoader];

async function loaderFor(root: string): Promise<Loader> {
  for (const loader of LOADERS) if (await loader.recognises(root)) return loader;
  const signs = LOADERS.map(({ sign }) => sign).join(', and no ');
  throw new UsageError(`There is no project in ${root}: no ${signs}. Name its folder with -C DIR.`);
}

interface PreparationContext {
  readonly options: PrepareOptions;
  readonly host: Pick<Host, 'env'>;
  readonly fillIn: (settings: ConfigValues, project: Project) => ConfigValues;
}

/** The same from a project that is loaded: nothing here needs Python. */
export async function planAndCheck(
  loaded: Loaded,
  { options, host, fillIn }: PreparationContext,
): Promise<Preparation> {
  const { project } = loaded;
  const { root, confSource, env } = project;
  const configured = await loadConfig({
    root,
    confSource,
    env,
    file: options.configFile,
    airflowOf: options.target === 'airflow' ? pipelineOf(options) : undefined,
    variables: host.env,
  });
  const early = [...loaded.diagnostics, ...configured.diagnostics];
  if (configured.config === undefined) return { ready: false, diagnostics: sortDiagnostics(early) };
  const { planned, config, engine, spill } = planProject({ options, project, config: configured.config, fillIn });
  const found = check({
    project,
    pipeline: planned.pipeline,
    plan: planned.plan,
    config,
    engine,
    target: options.target,
    spill,
    image: await imageContent(project),
    locateDataset: loaded.locateDataset,
    locateNode: loaded.locateNode,
  });
  const all = [...early, ...planned.diagnostics, ...found];
  const diagnostics = sortDiagnostics(adjust(all, config.values.severity));
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

function pipelineOf({ pipeline }: PrepareOptions): string {
  return pipeline ?? '__default__';
}

interface PlanningInput {
  readonly options: PrepareOptions;
  readonly project: Project;
  readonly config: Config;
  readonly fillIn: (settings: ConfigValues, project: Project) => ConfigValues;
}

function planProject({ options, project, config: written, fillIn }: PlanningInput) {
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
  const engine = options.engine ?? compiled ?? written.values.execution_engine.type;
  const withFlags = options.image === undefined ? written.values : { ...written.values, image: options.image };
  const filled = fillIn(withFlags, project);
  // On this machine the catalog's local paths stay what they are.
  const settings = engine === 'local' ? { ...filled, paths: {} } : filled;
  const planned = makePlan({
    project,
    pipeline,
    grouping: options.grouping ?? settings.grouping,
    settings,
    params: paramsOf(options.params),
    loadVersions: loadVersionsOf(options.loadVersions),
    sha256,
  });
  return {
    planned: { ...planned, pipeline },
    config: { ...written, values: settings },
    engine,
    spill: spillOf(engine, settings, project.root),
  };
}

function spillOf(engine: EngineId, settings: ConfigValues, root: string): string | undefined {
  const location = settings.spill?.location;
  if (engine === 'aws-fargate') return location;
  return location?.startsWith('file://') ? location : defaultSpill(root);
}

export async function projectFolder({ project }: GlobalOptions, host: Host): Promise<string> {
  const root = resolve(host.cwd, project ?? '.');
  const found = await stat(root).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`there is no folder ${root}`);
  return root;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
