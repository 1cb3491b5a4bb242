import { describeIssues, nearestKey } from '../diagnostics/describe-issues.ts';
import { type Diagnostic, diagnostic } from '../diagnostics/diagnostic.ts';
import type { KeyPath } from '../util/yaml-document.ts';
import type { Config } from './config.ts';
import { interpolate } from './interpolate.ts';
import { type ConfigSource, type Layer, readLayers } from './layers.ts';
import { deepMerge, isPlainObject } from './merge.ts';
import { configSchema } from './schema.ts';

/**
 * `conf/<env>/wherry.yml` over `conf/base/wherry.yml` over an `airflow-k8s.yaml` over kedro-airflow's `airflow.yml`: maps
 * merge deeply, lists and scalars replace. With errors among the diagnostics the config is what is left without the wrong
 * values: enough to check the rest, not to run.
 */
export function loadConfig(from: ConfigSource): { config: Config; diagnostics: Diagnostic[] } {
  const layers = readLayers(from);
  const locate: Config['locate'] = (path, part) => {
    for (const layer of layers) {
      const found = layer.locate(path, part);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const written = layers.map(({ value }) => value ?? {}).reduceRight<unknown>(deepMerge, {});
  const upstream = layers.find(({ kind }) => kind === 'airflow-k8s');
  const merged = upstream === undefined ? written : deepMerge(defaultsOf(upstream, written), written);
  const { value, diagnostics: unmade, madeFrom } = interpolate(merged, from.variables, locate);
  const { values, misspelt, diagnostics: invalid } = validate(value, locate);
  const diagnostics = [
    ...layers.flatMap(({ notes }) => notes),
    ...unmade,
    // A value that could not be made is not judged as well.
    ...invalid.filter(({ span }) => span === undefined || !unmade.some((other) => other.span?.start === span.start)),
    ...scalarNotes(value, locate),
    ...(upstream === undefined || from.airflowOf === undefined ? [] : dailyNote(upstream, written)),
  ];
  const own = layers.filter(({ kind }) => kind !== 'kedro-airflow');
  return { config: { values, files: own.flatMap(({ files }) => files), locate, misspelt, madeFrom }, diagnostics };
}

/** What kedro-airflow-k8s does where its file says nothing (`config.py` of 0.8.2). */
function defaultsOf({ value }: Layer, written: unknown): object {
  const joinsSpark =
    isPlainObject(value) && isPlainObject(value['run_config']) && value['run_config']['group_spark_nodes'];
  return {
    execution_engine: { type: 'kubernetes' },
    // Nodes that pass Spark frames pass them in memory: grouping by memory joins those, and others that must be.
    grouping: joinsSpark === true ? 'memory' : 'node',
    run_config: { volume: { disabled: false } },
    ...(scheduleOf(written) === undefined && { airflow: { dag: { schedule: '@daily' } } }),
  };
}

function scheduleOf(value: unknown): unknown {
  return ['airflow', 'dag', 'schedule'].reduce((at, key) => (isPlainObject(at) ? at[key] : undefined), value);
}

function dailyNote({ locate }: Layer, written: unknown): Diagnostic[] {
  if (scheduleOf(written) !== undefined) return [];
  return [
    diagnostic('airflow-k8s/daily', {
      message: 'No schedule is set, so the DAG runs @daily',
      why: 'kedro-airflow-k8s does so, and this is its file',
      help: 'write run_config.cron_expression, or in wherry.yml:\n  airflow:\n    dag:\n      schedule: null',
      span: locate(['run_config'], 'key') ?? locate(['execution_engine'], 'key'),
    }),
  ];
}

interface Validated {
  readonly values: Config['values'];
  readonly misspelt: Config['misspelt'];
  readonly diagnostics: readonly Diagnostic[];
}

/** The settings of `value` and what is wrong with it. What is wrong is left out, for as long as that helps. */
function validate(value: unknown, locate: Config['locate']): Validated {
  const diagnostics: Diagnostic[] = [];
  const misspelt = new Set<string>();
  let left = value;
  for (;;) {
    const parsed = configSchema.safeParse(left, { reportInput: true });
    if (parsed.success) return { values: parsed.data, misspelt, diagnostics };
    const { issues } = parsed.error;
    // What is found after something was left out is only a consequence of it.
    if (diagnostics.length === 0)
      diagnostics.push(
        ...describeIssues(issues, {
          schema: configSchema,
          locate,
          codes: { invalid: 'config/invalid', unknownKey: 'config/unknown-key' },
        }),
      );
    const wrong = issues.flatMap((issue): KeyPath[] => {
      const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      if (issue.code !== 'unrecognized_keys') return [path];
      const unknown = issue.keys.map((key) => [...path, key]);
      for (const one of unknown) misspelt.add([...path, nearestKey(configSchema, one)].join('.'));
      return unknown;
    });
    left = without(left, wrong);
  }
}

/** A copy without what is at `paths`, or what should hold it; nothing at all where nothing does. */
function without(value: unknown, paths: readonly KeyPath[]): unknown {
  const targets = new Map(paths.map((path) => removable(value, path)).map((path) => [path.join('\n'), path]));
  if (targets.has('')) return {};
  const copy = structuredClone(value);
  for (const path of targets.values()) {
    const holder = holderOf(copy, path);
    if (isPlainObject(holder)) delete holder[String(path.at(-1))];
  }
  return copy;
}

/** `path`, or the nearest path above it, that is a key in a map. */
function removable(value: unknown, path: KeyPath): KeyPath {
  if (path.length === 0) return path;
  const holder = holderOf(value, path);
  return isPlainObject(holder) && Object.hasOwn(holder, String(path.at(-1)))
    ? path
    : removable(value, path.slice(0, -1));
}

function holderOf(value: unknown, path: KeyPath): unknown {
  return valueAt(value, path.slice(0, -1));
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

/** Where one value is often written for a list of one. */
const LISTS: readonly KeyPath[] = [
  ['execution_engine', 'subnets'],
  ['execution_engine', 'security_groups'],
  ['allowed_account_ids'],
  ['cache', 'env'],
];

function scalarNotes(value: unknown, locate: Config['locate']): Diagnostic[] {
  const groups = valueAt(value, ['groups']);
  const named = isPlainObject(groups) ? Object.keys(groups).map((name) => ['groups', name]) : [];
  return [...LISTS, ...named].flatMap((path) => {
    const written = valueAt(value, path);
    if (typeof written !== 'string' && typeof written !== 'number') return [];
    const key = String(path.at(-1));
    return diagnostic('config/scalar-for-list', {
      message: `'${key}' is a list; '${written}' is taken as a list of one`,
      help: `write ${key}: [${written}]`,
      span: locate(path),
    });
  });
}
