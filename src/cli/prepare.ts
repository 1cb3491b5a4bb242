import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { check } from '../check/check.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ConfigValues } from '../config/schema.ts';
import { type Diagnostic, sortDiagnostics } from '../diagnostics/diagnostic.ts';
import { type Span, spanOfLine } from '../diagnostics/span.ts';
import { defaultSpill } from '../engine/local/default-spill.ts';
import { loadKedroProject } from '../load/kedro/load.ts';
import { catalogLocator } from '../load/kedro/locate-dataset.ts';
import type { Grouping, Plan } from '../model/plan.ts';
import type { Node, Project } from '../model/project.ts';
import { plan as makePlan } from '../plan/plan.ts';
import { type GlobalOptions, UsageError } from './command.ts';
import type { Host } from './host.ts';

export type EngineId = 'local' | 'aws-fargate';

export interface PrepareOptions extends GlobalOptions {
  readonly grouping?: Grouping;
  readonly engine?: EngineId;
  readonly image?: string;
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
  const loaded = await loadKedroProject({
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

type Loaded = Extract<Awaited<ReturnType<typeof loadKedroProject>>, { kind: 'loaded' }>;

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
  const configured = await loadConfig({ root, confSource, env, file: options.configFile, variables: host.env });
  const early = [...loaded.diagnostics, ...configured.diagnostics];
  if (configured.config === undefined) return { ready: false, diagnostics: sortDiagnostics(early) };
  const { planned, config, engine, spill } = planProject({ options, project, config: configured.config, fillIn });
  const found = check({
    project,
    pipeline: planned.pipeline,
    plan: planned.plan,
    config,
    engine,
    spill,
    locateDataset: catalogLocator(project),
    locateNode: nodeLocator(project),
  });
  const diagnostics = sortDiagnostics([...early, ...planned.diagnostics, ...found]);
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

interface PlanningInput {
  readonly options: PrepareOptions;
  readonly project: Project;
  readonly config: Config;
  readonly fillIn: (settings: ConfigValues, project: Project) => ConfigValues;
}

function planProject({ options, project, config: written, fillIn }: PlanningInput) {
  const name = options.pipeline ?? '__default__';
  const pipeline = project.pipelines.get(name);
  if (pipeline === undefined)
    throw new UsageError(
      `there is no pipeline '${name}'. Pipelines: ${[...project.pipelines.keys()].join(', ') || 'none'}`,
    );
  if (pipeline.nodes.length === 0) throw new UsageError(`the pipeline '${name}' has no nodes`);
  const engine = options.engine ?? written.values.execution_engine.type;
  const withFlags = options.image === undefined ? written.values : { ...written.values, image: options.image };
  const filled = fillIn(withFlags, project);
  // On this machine the catalog's local paths stay what they are.
  const settings = engine === 'local' ? { ...filled, paths: {} } : filled;
  const planned = makePlan({ project, pipeline, grouping: options.grouping ?? settings.grouping, settings, sha256 });
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

/** The line where a node's function is defined. */
function nodeLocator({ root }: Project): (node: Node) => Span | undefined {
  const files = new Map<string, { path: string; text: string } | undefined>();
  return ({ source }) => {
    if (source === undefined) return undefined;
    if (!files.has(source.file)) files.set(source.file, readSource(root, source.file));
    const file = files.get(source.file);
    return file && spanOfLine(file, source.line);
  };
}

function readSource(root: string, path: string): { path: string; text: string } | undefined {
  try {
    return { path, text: readFileSync(join(root, path), 'utf8') };
  } catch {
    return undefined;
  }
}
