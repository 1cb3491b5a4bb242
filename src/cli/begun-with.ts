import { isAbsolute, join, relative } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import { hasErrors } from '../diagnostics/diagnostic.ts';
import type { Inputs } from '../model/answer-cache.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import { fingerprint } from '../store/fingerprint.ts';
import { recorder } from '../store/recorder.ts';
import { stableJson } from '../util/stable-json.ts';
import type { GlobalOptions } from './command.ts';
import type { Host } from './host.ts';
import { sha256 } from './prepare.ts';
import { projectFolder } from './project-folder.ts';

type BegunWith = NonNullable<LaunchRecord['begunWith']>;

interface Surroundings {
  readonly options: GlobalOptions;
  readonly host: Host;
}

/** What a run is made of, and what goes on with it although it is changed: for whoever resumes it to be told. */
export async function begunWith(plan: Plan, inputs: Inputs | undefined, around: Surroundings): Promise<BegunWith> {
  const root = await projectFolder(around.options, around.host);
  const files = Object.entries(inputs?.paths ?? {}).flatMap(([key, print]): [string, string][] => {
    const path = key.startsWith('content:') ? relative(root, key.slice('content:'.length)) : '';
    const isCode = path !== '' && !path.startsWith('..') && !isAbsolute(path) && !NO_CODE.test(path);
    return isCode && /^[0-9a-f]{64}$/.test(print) ? [[path, print]] : [];
  });
  return { settings: (await writtenSettings(plan, around)) ?? {}, files: Object.fromEntries(files.sort()) };
}

/** Settings are compared one by one, and of a secret not even a hash is kept. */
const NO_CODE = /(^|\/)(wherry|airflow-k8s|[^/]*credentials)[^/]*\.ya?ml$|(^|\/)\.env/;

/** How the project differs from the one with which the run was begun, a line for each difference; then what to do. */
export async function describeChanges(
  { plan, launch }: { readonly plan: Plan; readonly launch: Omit<LaunchRecord, 'frozen'> },
  around: Surroundings,
): Promise<string[]> {
  const { begunWith: begun } = launch;
  if (begun === undefined) return [];
  const lines = [
    ...changedSettings(begun.settings, (await writtenSettings(plan, around)) ?? begun.settings),
    ...changedFiles(begun.files, launch, await projectFolder(around.options, around.host)),
  ];
  return lines.length === 0 ? [] : [...lines, 'to run with what is there today, start a new run: wherry run'];
}

/** Has variables, whose values are nobody's business. */
const HIDDEN = /(^|\.)(env|secrets|sidecars)$/;

/** The settings that shape a run, by dotted name; undefined where no file has any that can be read. */
async function writtenSettings({ env, confSource }: Plan, { options, host }: Surroundings) {
  const { configFile: file } = options;
  const root = await projectFolder(options, host);
  const { config, diagnostics } = loadConfig({ root, confSource, env, file, ...recorder(host.env) });
  if (config.files.length === 0 || hasErrors(diagnostics)) return undefined;
  const {
    execution_engine: engine,
    image,
    resources,
    grouping,
    groups,
    retries,
    timeout,
    spill,
    paths,
    step,
  } = config.values;
  const own = { image, resources, grouping, groups, retries, timeout, spill: spill?.location, paths, step };
  const ofEngine = Object.entries(engine).map(([name, value]) => {
    const isHidden = HIDDEN.test(name) && value !== undefined;
    return [`execution_engine.${name}`, isHidden ? sha256(stableJson(value)) : value] as const;
  });
  return Object.fromEntries([...ofEngine, ...Object.entries(own)].filter(([, value]) => value !== undefined));
}

function changedSettings(before: BegunWith['settings'], today: BegunWith['settings']): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(today)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before[name], today[name]];
    if (stableJson(was) === stableJson(is)) return [];
    const [old, now] = [shown(name, was), shown(name, is)];
    const what = old === undefined || now === undefined ? `${name} has changed` : `${name} is ${now} today`;
    return `${what}: the run goes on with ${old ?? 'what it was begun with'}`;
  });
}

const LONGEST_SHOWN = 60;

/** Undefined for what is hidden, or too long to say anything at a glance. */
function shown(name: string, value: unknown): string | undefined {
  if (value === undefined) return 'not set';
  const text = typeof value === 'string' ? `'${value}'` : stableJson(value);
  return HIDDEN.test(name) || text.length > LONGEST_SHOWN ? undefined : text;
}

const NAMED = 3;

/** A file that is not there is no change: another machine may not have the project. */
function changedFiles(
  before: BegunWith['files'],
  { engine, emulated }: Pick<LaunchRecord, 'engine' | 'emulated'>,
  root: string,
): string[] {
  const changed = Object.entries(before).flatMap(([path, print]) => {
    const today = fingerprint(`content:${join(root, path)}`);
    return today === print || today === 'absent' ? [] : path;
  });
  if (changed.length === 0) return [];
  const more = changed.length > NAMED ? ` and ${changed.length - NAMED} more` : '';
  const runs =
    engine === 'local' || emulated !== undefined
      ? "tasks that run now run today's code, by the plan of the run"
      : 'its containers run what is in the image, by the plan of the run';
  return [`${changed.slice(0, NAMED).join(', ')}${more} changed since the run began: ${runs}`];
}
